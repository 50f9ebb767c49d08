import {
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToAllResolvedEvent,
  type RecordedEvent,
  RETRY,
} from '@eventstore/db-client';
import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  appendCertainly,
  EVENT_STORE,
  type EventStore,
  newEvents,
  STREAM_NAMES,
  StreamNames,
} from '../event-store/index.js';
import { type CancelTimer, CLOCK, type Clock, isPosthornError } from '../kernel/index.js';
import { WEBHOOK_DIRECTORY, type WebhookDirectory } from '../registry/index.js';
import { TENANCY_OPTIONS, type TenancyOptions, tenantOf } from '../tenancy/index.js';
import { Acknowledgements } from './acknowledgements.js';
import { ConsumerGroup } from './consumer-group.js';
import { DISPATCH_OBSERVED, type DispatchObserved } from './dispatch.port.js';
import type { FeedEvent } from './feed.events.js';
import { FEED_OPTIONS, type FeedOptions } from './feed.options.js';

/** A message that fails at its fifth time is recorded and acknowledged. */
const RETRIES_BEFORE_QUARANTINE = 4;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** What a drain allows acknowledgements to reach the event store. */
const SETTLE_MS = 1_000;

export type FeedState = 'stopped' | 'connecting' | 'subscribed' | 'draining';

/** What the feed tells about itself. */
export interface FeedHealth {
  readonly state: FeedState;
  /** Events received and not yet answered. */
  readonly inFlight: number;
  /** Events quarantined since the start of this process. */
  readonly quarantined: number;
  readonly lastError: string | null;
}

/** One connection to the group, and what it needs to know of redelivery. */
interface Connection {
  readonly subscription: PersistentSubscriptionToAll;
  readonly acknowledgements: Acknowledgements;
  /** Up to here a message may have been handed out before this connection: after a server restart it comes with retry count 0. */
  redeliveredUpTo: bigint | null;
}

/**
 * Observes the event store: each event of the application is taken to the webhooks that it is a member of, and then
 * acknowledged.
 *
 * Guarantees: an event is acknowledged only when all its deliveries are in the log, or it was quarantined, or it is a
 * member of nothing; it is matched only against a registry that was read after the event was received; a lost connection
 * is made again, and what was not acknowledged comes again.
 */
@Injectable()
export class Feed {
  readonly #logger = new Logger('Feed');
  readonly #store: EventStore;
  readonly #names: StreamNames;
  readonly #clock: Clock;
  readonly #options: FeedOptions;
  readonly #tenancy: TenancyOptions;
  readonly #group: ConsumerGroup;
  readonly #directory: WebhookDirectory;
  readonly #dispatch: DispatchObserved;
  readonly #handling = new Set<Promise<void>>();
  #state: FeedState = 'stopped';
  #connection: Connection | undefined;
  #failures = 0;
  #quarantined = 0;
  #lastError: string | null = null;
  #bookmark: bigint | null = null;
  #cancelBookmark: CancelTimer | undefined;
  #cancelReconnect: CancelTimer | undefined;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(STREAM_NAMES) names: StreamNames,
    @Inject(CLOCK) clock: Clock,
    @Inject(FEED_OPTIONS) options: FeedOptions,
    @Inject(TENANCY_OPTIONS) tenancy: TenancyOptions,
    @Inject(WEBHOOK_DIRECTORY) directory: WebhookDirectory,
    @Inject(DISPATCH_OBSERVED) dispatch: DispatchObserved,
  ) {
    this.#store = store;
    this.#names = names;
    this.#clock = clock;
    this.#options = options;
    this.#tenancy = tenancy;
    this.#group = new ConsumerGroup(store, names, options);
    this.#directory = directory;
    this.#dispatch = dispatch;
  }

  get health(): FeedHealth {
    return {
      state: this.#state,
      inFlight: this.#handling.size,
      quarantined: this.#quarantined,
      lastError: this.#lastError,
    };
  }

  /** Begins to observe; resolves once connected, or at the first failure, after which it goes on trying by itself. */
  async start(): Promise<void> {
    this.#state = 'connecting';
    this.#scheduleBookmark();
    await this.#connect();
  }

  /** Takes no more events; those received are still answered. */
  pause(): void {
    this.#state = 'draining';
    this.#cancelReconnect?.();
    this.#cancelBookmark?.();
    this.#connection?.subscription.pause();
  }

  /** Waits until every event received is answered, and leaves the group. What was not handled comes again elsewhere. */
  async close(): Promise<void> {
    this.pause();
    await Promise.allSettled(this.#handling);
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) {
      await connection.acknowledgements.flush();
      await this.#settled(connection.subscription.unsubscribe());
    }
    this.#state = 'stopped';
  }

  async #settled(ending: Promise<void>): Promise<void> {
    let cancel: CancelTimer | undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = this.#clock.setTimer(resolve, SETTLE_MS);
    });
    await Promise.race([ending.catch(() => undefined), patience]);
    cancel?.();
  }

  async #connect(): Promise<void> {
    try {
      await this.#group.ensure();
      if (this.#state !== 'connecting') return;
      await this.#subscribe();
    } catch (error) {
      this.#reconnectLater(error);
    }
  }

  #subscribe(): Promise<void> {
    const subscription = this.#group.subscribe();
    const acknowledgements = new Acknowledgements(subscription, (error) => {
      this.#logger.warn(`an acknowledgement was not sent, its events come again: ${String(error)}`);
    });
    const connection: Connection = { subscription, acknowledgements, redeliveredUpTo: null };
    this.#connection = connection;
    return new Promise((resolve, reject) => {
      subscription.on('confirmation', () => {
        this.#confirmed(connection).then(resolve, reject);
      });
      subscription.on('data', (message: PersistentSubscriptionToAllResolvedEvent) => {
        this.#receive(message, connection);
      });
      subscription.on('error', (error) => {
        this.#lost(connection, error);
        resolve();
      });
      subscription.on('close', () => {
        this.#lost(connection, new Error('the subscription was closed'));
        resolve();
      });
    });
  }

  async #confirmed(connection: Connection): Promise<void> {
    connection.redeliveredUpTo = await this.#group.endOfLog();
    if (this.#connection !== connection || this.#state !== 'connecting') return;
    this.#state = 'subscribed';
    this.#failures = 0;
    this.#lastError = null;
    this.#logger.log(`observing the event store as consumer group ${this.#options.groupName}`);
  }

  #lost(connection: Connection, error: Error): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    connection.subscription.destroy();
    this.#reconnectLater(error);
  }

  #reconnectLater(error: unknown): void {
    if (this.#state === 'draining' || this.#state === 'stopped') return;
    this.#state = 'connecting';
    this.#lastError = String(error);
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    this.#logger.warn(`not observing, next try in ${pauseMs} ms: ${String(error)}`);
    this.#cancelReconnect = this.#clock.setTimer(() => {
      void this.#connect();
    }, pauseMs);
  }

  #receive(message: PersistentSubscriptionToAllResolvedEvent, connection: Connection): void {
    const { event } = message;
    if (!event || this.#names.isReserved(event.streamId) || event.type.startsWith('$')) {
      connection.acknowledgements.add(message);
      return;
    }
    const handling = this.#handle(event, message, connection).finally(() =>
      this.#handling.delete(handling),
    );
    this.#handling.add(handling);
  }

  /** Never rejects. */
  async #handle(
    event: RecordedEvent,
    message: PersistentSubscriptionToAllResolvedEvent,
    connection: Connection,
  ): Promise<void> {
    try {
      await this.#observe(event, message, connection);
      connection.acknowledgements.add(message);
    } catch (error) {
      await this.#failed(event, message, connection, error);
    }
  }

  async #observe(
    event: RecordedEvent,
    message: PersistentSubscriptionToAllResolvedEvent,
    connection: Connection,
  ): Promise<void> {
    const receivedAt = this.#clock.monotonic();
    await this.#directory.barrier();
    const position = event.position?.commit ?? message.commitPosition ?? 0n;
    const tenantId = tenantOf(event, this.#tenancy);
    const { streamId: stream, type } = event;
    const webhooks = this.#directory.match({ type, stream, tenantId, position });
    if (webhooks.length === 0) return;
    const { redeliveredUpTo } = connection;
    const mayBeRedelivered =
      message.retryCount > 0 || redeliveredUpTo === null || position <= redeliveredUpTo;
    await this.#dispatch({ event, tenantId, webhooks, mayBeRedelivered, receivedAt });
  }

  async #failed(
    event: RecordedEvent,
    message: PersistentSubscriptionToAllResolvedEvent,
    connection: Connection,
    error: unknown,
  ): Promise<void> {
    try {
      if (message.retryCount >= RETRIES_BEFORE_QUARANTINE && this.#state !== 'draining') {
        await this.#quarantine(event, error);
        connection.acknowledgements.add(message);
        return;
      }
      this.#logger.warn(`event ${event.id} of type ${event.type} comes again: ${String(error)}`);
      await this.#pause(FIRST_PAUSE_MS * 4 ** message.retryCount);
      if (this.#connection !== connection) return;
      await connection.subscription.nack(RETRY, codeOf(error), message);
    } catch (failure) {
      // Unanswered, it comes again after the message timeout.
      this.#logger.error(`event ${event.id} could not be answered: ${String(failure)}`);
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#state === 'draining') return Promise.resolve();
    return new Promise((resolve) => this.#clock.setTimer(resolve, delayMs));
  }

  async #quarantine(event: RecordedEvent, error: unknown): Promise<void> {
    await this.#append({
      type: 'FeedEventQuarantined',
      data: {
        v: 1,
        position: (event.position?.commit ?? 0n).toString(),
        stream: event.streamId,
        revision: event.revision.toString(),
        eventId: event.id,
        eventType: event.type,
        code: codeOf(error),
        message: isPosthornError(error) ? error.message : 'unexpected error',
        at: new Date(this.#clock.now()).toISOString(),
      },
    });
    this.#quarantined += 1;
    this.#logger.error(`event ${event.id} of type ${event.type} is quarantined: ${String(error)}`);
  }

  #scheduleBookmark(): void {
    this.#cancelBookmark = this.#clock.setTimer(() => {
      void this.#recordBookmark().finally(() => {
        if (this.#state === 'connecting' || this.#state === 'subscribed') this.#scheduleBookmark();
      });
    }, this.#options.bookmarkIntervalMs);
  }

  async #recordBookmark(): Promise<void> {
    try {
      const checkpoint = await this.#group.checkpoint();
      if (checkpoint === null || checkpoint === this.#bookmark) return;
      const at = new Date(this.#clock.now()).toISOString();
      const data = { v: 1, position: checkpoint.toString(), at } as const;
      await this.#append({ type: 'FeedBookmarked', data });
      this.#bookmark = checkpoint;
    } catch (error) {
      this.#logger.warn(`the bookmark is not recorded, the next one will be: ${String(error)}`);
    }
  }

  async #append(event: FeedEvent): Promise<void> {
    await appendCertainly(this.#names.feed, newEvents([event]), {
      client: this.#store.client,
      clock: this.#clock,
      expectedRevision: 'any',
    });
  }
}

function codeOf(error: unknown): string {
  if (isPosthornError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
