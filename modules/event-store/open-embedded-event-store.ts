import { UnavailableError } from '@eventstore/db-client';
import { type Clock, SystemClock } from '../kernel/index.js';
import { type EmbeddedLogOptions, openEmbeddedLog } from './embedded/open-embedded-log.js';
import type { LogStats, OpenLog } from './embedded/open-log.js';
import type { OnScavengeProgress, ScavengeResult } from './embedded/scavenge-run.js';
import type {
  EventStore,
  EventStoreCapabilities,
  EventStoreClient,
  EventStoreStatus,
} from './event-store-client.js';
import { toClientError } from './in-process/client-errors.js';
import { embeddedEventStoreClient } from './in-process/embedded-event-store-client.js';
import { StreamsClient } from './in-process/streams-client.js';
import { PersistentSubscriptionsClient } from './persistent-subscriptions/client/persistent-subscriptions-client.js';
import { PersistentSubscriptions } from './persistent-subscriptions/persistent-subscriptions.js';

export interface EmbeddedEventStoreOptions extends EmbeddedLogOptions {
  /**
   * Whether an append with a wrong expected revision throws, as the official client does by default; otherwise it resolves
   * with `success: false`. Default: true.
   */
  readonly throwOnAppendFailure?: boolean;
}

/** The event store inside this process. */
export interface EmbeddedEventStore extends EventStore {
  /**
   * Removes events that no reader can see in their stream any more (truncated, surplus, expired, tombstoned), in steps
   * between which appends go on, and makes the file smaller. While one is under way, another call waits for the same.
   * @throws UnavailableError if the disk is full, or the store is being closed; what was removed stays removed
   */
  scavenge(onProgress?: OnScavengeProgress): Promise<ScavengeResult>;
  /** What it has done since it was opened, and how much waits. */
  stats(): LogStats;
}

/**
 * Opens the embedded event store in `dataDir`, and creates it if there is none: the client in the vocabulary of the
 * official one, on an engine in this process.
 *
 * What was acknowledged before a crash, a kill or a power cut is there; what was not is there entirely or not at all.
 * @throws PosthornError `PSH_EVENT_STORE_FOLDER_IN_USE` (naming the owner), `PSH_EVENT_STORE_FOLDER_NOT_WRITABLE`,
 * `PSH_EVENT_STORE_DISK_FULL`, `PSH_EVENT_STORE_NEWER_FORMAT`, `PSH_EVENT_STORE_CORRUPT`
 */
export async function openEmbeddedEventStore(
  options: EmbeddedEventStoreOptions,
): Promise<EmbeddedEventStore> {
  const clock = options.clock ?? new SystemClock();
  const opened = await openEmbeddedLog({ ...options, clock });
  const { log } = opened;
  const subscriptions = new PersistentSubscriptions({ log, clock });
  try {
    await subscriptions.start();
  } catch (error) {
    await opened.close();
    throw error;
  }
  const streams = new StreamsClient({
    log,
    clock,
    room: () => opened.room(),
    ...(options.throwOnAppendFailure !== undefined && {
      throwOnAppendFailure: options.throwOnAppendFailure,
    }),
  });
  const groups = new PersistentSubscriptionsClient(subscriptions, clock);
  const client = embeddedEventStoreClient(streams, groups);
  return new OpenStore(opened, subscriptions, streams, client, clock);
}

class OpenStore implements EmbeddedEventStore {
  readonly client: EventStoreClient;
  readonly capabilities: EventStoreCapabilities = {
    hasSafeServerSideFilter: true,
    isExclusive: true,
  };
  readonly failed: Promise<Error>;
  readonly #opened: OpenLog;
  readonly #subscriptions: PersistentSubscriptions;
  readonly #streams: StreamsClient;
  readonly #clock: Clock;
  #lastError: EventStoreStatus['lastError'] = null;
  #closing: Promise<void> | undefined;

  constructor(
    opened: OpenLog,
    subscriptions: PersistentSubscriptions,
    streams: StreamsClient,
    client: EventStoreClient,
    clock: Clock,
  ) {
    this.client = client;
    this.#clock = clock;
    this.#opened = opened;
    this.#subscriptions = subscriptions;
    this.#streams = streams;
    this.failed = opened.failed.then((error) => this.#fail(error));
  }

  async scavenge(onProgress?: OnScavengeProgress): Promise<ScavengeResult> {
    try {
      return await this.#opened.scavenge(onProgress);
    } catch (error) {
      throw toClientError(error);
    }
  }

  stats(): LogStats {
    return this.#opened.stats();
  }

  status(): EventStoreStatus {
    const isConnected = this.#lastError === null && this.#closing === undefined;
    return { kind: 'embedded', isConnected, lastError: this.#lastError };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#streams.endSubscriptions();
    await this.#subscriptions.close().catch(() => undefined); // what it could not note down is handed out again
    await this.#opened.close();
  }

  #fail(error: Error): Error {
    this.#lastError = { kind: 'failed', message: error.message, at: this.#clock.now() };
    this.#streams.endSubscriptions(new UnavailableError(undefined, error.message));
    void this.#subscriptions.close().catch(() => undefined);
    return error;
  }
}
