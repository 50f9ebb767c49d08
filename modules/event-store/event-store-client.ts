import type { EventStoreDBClient } from '@eventstore/db-client';

/**
 * The event store as Posthorn sees it: the calls of the official `@eventstore/db-client` that are in use, in its own
 * vocabulary. The official client itself satisfies it; so does the embedded event store.
 */
export type EventStoreClient = Pick<
  EventStoreDBClient,
  | 'appendToStream'
  | 'readStream'
  | 'readAll'
  | 'deleteStream'
  | 'tombstoneStream'
  | 'setStreamMetadata'
  | 'getStreamMetadata'
  | 'subscribeToStream'
  | 'subscribeToAll'
  | 'createPersistentSubscriptionToStream'
  | 'createPersistentSubscriptionToAll'
  | 'updatePersistentSubscriptionToStream'
  | 'updatePersistentSubscriptionToAll'
  | 'deletePersistentSubscriptionToStream'
  | 'deletePersistentSubscriptionToAll'
  | 'getPersistentSubscriptionToStreamInfo'
  | 'getPersistentSubscriptionToAllInfo'
  | 'listAllPersistentSubscriptions'
  | 'listPersistentSubscriptionsToStream'
  | 'listPersistentSubscriptionsToAll'
  | 'replayParkedMessagesToStream'
  | 'replayParkedMessagesToAll'
  | 'restartPersistentSubscriptionSubsystem'
  | 'subscribeToPersistentSubscriptionToStream'
  | 'subscribeToPersistentSubscriptionToAll'
>;

/** What the rest of Posthorn may rely on beyond the calls themselves. */
export interface EventStoreCapabilities {
  /**
   * Whether a filtered persistent subscription to `$all` keeps its checkpoint below every matching event that was not
   * acknowledged. EventStoreDB up to 26.1 does not: there the consumer filters.
   */
  readonly hasSafeServerSideFilter: boolean;
  /**
   * Whether this process alone can append. Then a claim made by another instance was made by a process that is gone.
   */
  readonly isExclusive: boolean;
}

/** How an event store is doing, as far as this process can tell. */
export interface EventStoreStatus {
  readonly kind: 'embedded' | 'remote';
  /** Whether it answered last; the embedded one, whether it still works. */
  readonly isConnected: boolean;
  /** The last call that failed for a reason of the store or the way to it; `null` if none did. */
  readonly lastError: {
    /** Such as `unavailable`, `not-leader`, `deadline-exceeded`, `access-denied`. */
    readonly kind: string;
    readonly message: string;
    /** Epoch milliseconds. */
    readonly at: number;
  } | null;
}

/** The event store of an application: a client, what it can be relied on for, and its end. */
export interface EventStore {
  readonly client: EventStoreClient;
  readonly capabilities: EventStoreCapabilities;
  /**
   * Resolves with the reason when the event store can no longer be used in this process (the writer died, the disk is
   * gone, a server refuses this user): the outcome of what was pending is unknown, and the process should exit. A
   * connection that is lost is no such reason, it is made again.
   */
  readonly failed: Promise<Error>;
  /** How it is doing. */
  status?(): EventStoreStatus;
  /** Ends subscriptions, waits for appends in flight and frees the data. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/** Injection token of the `EventStore`. */
export const EVENT_STORE = Symbol('posthorn.EventStore');

/** Injection token of its `EventStoreClient`: what an application appends its domain events with. */
export const EVENT_STORE_CLIENT = Symbol('posthorn.EventStoreClient');
