import { performance } from 'node:perf_hooks';
import type { PersistentSubscriptionToAllResolvedEvent } from '@eventstore/db-client';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { EVENT_STORE, type EventStore, STREAM_NAMES, StreamNames } from '../event-store/index.js';
import { type CancelTimer, CLOCK, type Clock } from '../kernel/index.js';
import { Bookkeeper } from './bookkeeper.js';
import { Bookmarks } from './bookmarks.js';
import { ConsumerGroup } from './consumer-group.js';
import { DISPATCH_OBSERVED, type DispatchObserved } from './dispatch.port.js';
import { FEED_OPTIONS, type FeedOptions } from './feed.options.js';
import { FeedConnection } from './feed-connection.js';
import { type FeedTrouble, pauseAfter, troubleKindOf } from './feed-trouble.js';
import { IntakePace } from './intake-pace.js';
import { endOfLog } from './log-ends.js';
import { Membership } from './membership.js';
import { MessageHandler } from './message-handler.js';
import { OBSERVED_POSITION, type ObservedPosition } from './observed-position.port.js';
import { Watchdog } from './watchdog.js';

/** How long observing may be interrupted before the instance says that it is not ready. */
const GRACE_MS = 15_000;

/** Messages that there has to be room for before a feed that was held up goes on. */
const RESUME_ROOM = 16;

export type FeedState = 'stopped' | 'connecting' | 'subscribed' | 'draining';

/** What the feed tells about itself. */
export interface FeedHealth {
  readonly state: FeedState;
  /** Whether it observes, or did until a moment ago and is about to again. */
  readonly isObserving: boolean;
  /** Events received and not yet answered. */
  readonly inFlight: number;
  /** Events quarantined since the start of this process. */
  readonly quarantined: number;
  /** What keeps it from observing; `null` while it does. */
  readonly trouble: FeedTrouble | null;
}

/**
 * Observes the event store: each event of the application is taken to the webhooks that it is a member of, and then
 * acknowledged.
 *
 * Guarantees: an event is acknowledged only when all its deliveries are in the log, or it was quarantined, or it is a
 * member of nothing; it is matched only against a registry that was read after the event was received; a connection that
 * is lost, silent or never confirmed is made again, and what was not acknowledged comes again; a group that is gone is
 * created again at the last bookmark.
 */
@Injectable()
export class Feed {
  readonly #logger = new Logger('Feed');
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #options: FeedOptions;
  readonly #group: ConsumerGroup;
  readonly #handler: MessageHandler;
  readonly #bookkeeper: Bookkeeper;
  readonly #watchdog: Watchdog;
  readonly #pace: IntakePace;
  #state: FeedState = 'stopped';
  #connection: FeedConnection | undefined;
  #trouble: FeedTrouble | null = null;
  /** When observing ended, on the monotonic clock; `null` when it never began. */
  #interruptedAt: number | null = null;
  #cancelReconnect: CancelTimer = () => undefined;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(STREAM_NAMES) names: StreamNames,
    @Inject(CLOCK) clock: Clock,
    @Inject(FEED_OPTIONS) options: FeedOptions,
    membership: Membership,
    @Inject(DISPATCH_OBSERVED) dispatch: DispatchObserved,
    @Inject(OBSERVED_POSITION) observed: ObservedPosition,
  ) {
    const { client } = store;
    const bookmarks = new Bookmarks({ client, names, clock });
    this.#store = store;
    this.#clock = clock;
    this.#options = options;
    this.#group = new ConsumerGroup({ store, names, bookmarks, options });
    this.#pace = new IntakePace({
      most: options.bufferSize,
      clock,
      utilization: () => performance.eventLoopUtilization(),
    });
    this.#bookkeeper = new Bookkeeper({
      bookmarks,
      observed,
      clock,
      intervalMs: options.bookmarkIntervalMs,
    });
    this.#handler = new MessageHandler({
      client,
      names,
      clock,
      membership,
      dispatch,
      onReceived: (position) => {
        this.#bookkeeper.received(position);
      },
      onAnswered: () => {
        this.#takeMore();
      },
    });
    this.#watchdog = new Watchdog({
      client,
      clock,
      observed,
      hasRoom: () => this.#connection?.isPaused === false,
    });
  }

  get health(): FeedHealth {
    const { inFlight, quarantined } = this.#handler;
    return {
      state: this.#state,
      isObserving: this.#isObserving,
      inFlight,
      quarantined,
      trouble: this.#trouble,
    };
  }

  /** Begins to observe; resolves once connected, or at the first failure, after which it goes on trying by itself. */
  async start(): Promise<void> {
    this.#state = 'connecting';
    this.#bookkeeper.start();
    await this.#connect();
  }

  /** Takes no more events; those received are still answered. */
  pause(): void {
    this.#state = 'draining';
    this.#cancelReconnect();
    this.#bookkeeper.stop();
    this.#watchdog.stop();
    this.#handler.drain();
    this.#connection?.pause();
  }

  /** Waits until every event received is answered, and leaves the group. What was not handled comes again elsewhere. */
  async close(): Promise<void> {
    this.pause();
    await this.#handler.settled();
    await this.#connection?.leave();
    this.#connection = undefined;
    this.#state = 'stopped';
  }

  get #isObserving(): boolean {
    if (this.#state === 'subscribed') return true;
    if (this.#state !== 'connecting' || this.#interruptedAt === null) return false;
    return this.#clock.monotonic() - this.#interruptedAt < GRACE_MS;
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    try {
      await this.#group.ensure();
      if (this.#state !== 'connecting') return;
      const connection = new FeedConnection({
        subscription: this.#group.subscribe(),
        clock: this.#clock,
        onMessage: (message, from) => {
          this.#receive(message, from);
        },
        onUnsent: (error) => {
          this.#logger.warn(`an acknowledgement was not sent, it comes again: ${String(error)}`);
        },
      });
      this.#connection = connection;
      void connection.ended.then((reason) => {
        this.#lost(connection, reason);
      });
      await connection.settled;
      if (connection.isConfirmed) await this.#confirmed(connection);
    } catch (error) {
      this.#reconnectLater(error);
    }
  }

  async #confirmed(connection: FeedConnection): Promise<void> {
    try {
      connection.redeliveredUpTo = await endOfLog(this.#store.client);
    } catch (error) {
      connection.giveUp(error instanceof Error ? error : new Error(String(error)));
    }
    if (connection.hasEnded || this.#state !== 'connecting') return;
    this.#state = 'subscribed';
    this.#trouble = null;
    this.#watchdog.watch(connection);
    this.#logger.log(`observing the event store as consumer group ${this.#options.groupName}`);
  }

  #receive(message: PersistentSubscriptionToAllResolvedEvent, connection: FeedConnection): void {
    this.#handler.receive(message, connection);
    if (!this.#pace.hasRoom(this.#handler.inFlight)) connection.pause();
  }

  /** Goes on where it was held up; not for every single place, because each time costs a turn. */
  #takeMore(): void {
    const connection = this.#connection;
    if (!connection?.isPaused || this.#state === 'draining' || this.#state === 'stopped') return;
    if (this.#pace.hasRoom(this.#handler.inFlight + RESUME_ROOM)) connection.resume();
  }

  #lost(connection: FeedConnection, reason: Error): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#watchdog.stop();
    if (this.#state === 'subscribed') this.#interruptedAt = this.#clock.monotonic();
    this.#reconnectLater(reason);
  }

  #reconnectLater(error: unknown): void {
    if (this.#state === 'draining' || this.#state === 'stopped') return;
    this.#state = 'connecting';
    const kind = troubleKindOf(error);
    const { since = this.#clock.now(), tries = 0 } = this.#trouble ?? {};
    const pauseMs = pauseAfter(kind, tries);
    const message = error instanceof Error ? error.message : String(error);
    const nextTryAt = this.#clock.now() + pauseMs;
    this.#trouble = { kind, message, since, tries: tries + 1, nextTryAt };
    this.#logger.warn(`not observing (${kind}), next try in ${pauseMs} ms: ${message}`);
    this.#cancelReconnect = this.#clock.setTimer(() => {
      void this.#connect();
    }, pauseMs);
  }
}
