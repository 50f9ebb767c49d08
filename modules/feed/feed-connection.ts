import {
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToAllResolvedEvent,
  RETRY,
} from '@eventstore/db-client';
import type { CancelTimer, Clock } from '../kernel/index.js';
import { Acknowledgements } from './acknowledgements.js';
import { SubscriptionEnded } from './feed-trouble.js';
import { within } from './within.js';

/** A subscription that is not confirmed within this is given up. */
const CONFIRMATION_MS = 15_000;
/** What the end of a connection allows acknowledgements to reach the event store. */
const SETTLE_MS = 1_000;

export interface FeedConnectionOptions {
  readonly subscription: PersistentSubscriptionToAll;
  readonly clock: Clock;
  readonly onMessage: (
    message: PersistentSubscriptionToAllResolvedEvent,
    connection: FeedConnection,
  ) => void;
  readonly onUnsent: (error: unknown) => void;
}

/**
 * One subscription to the consumer group, from its beginning to its end.
 *
 * It is given up as a whole: an error, a close, a confirmation that never comes, or `giveUp`. After that the event store
 * has been told to send nothing more, and what was not answered goes to whoever is there.
 */
export class FeedConnection {
  readonly acknowledgements: Acknowledgements;
  /** Resolves once it is confirmed, or ends before. */
  readonly settled: Promise<void>;
  /** Resolves with the reason when it ended, other than by `leave`. */
  readonly ended: Promise<Error>;
  /**
   * Up to here a message may have been handed out before this connection, also with retry count 0: after a restart of the
   * server. `null` while that is not known: then every message may have been.
   */
  redeliveredUpTo: bigint | null = null;
  readonly #subscription: PersistentSubscriptionToAll;
  readonly #clock: Clock;
  readonly #cancelConfirmation: CancelTimer;
  #isConfirmed = false;
  #hasEnded = false;
  #lastReceivedAt: number;
  #settle!: () => void;
  #end!: (reason: Error) => void;

  constructor({ subscription, clock, onMessage, onUnsent }: FeedConnectionOptions) {
    this.#subscription = subscription;
    this.#clock = clock;
    this.#lastReceivedAt = clock.monotonic();
    this.acknowledgements = new Acknowledgements(subscription, onUnsent);
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#cancelConfirmation = clock.setTimer(() => {
      const waitedS = CONFIRMATION_MS / 1_000;
      this.giveUp(new SubscriptionEnded('unconfirmed', `not confirmed within ${waitedS} s`));
    }, CONFIRMATION_MS);
    subscription.on('confirmation', () => {
      this.#isConfirmed = true;
      this.#cancelConfirmation();
      this.#settle();
    });
    subscription.on('data', (message: PersistentSubscriptionToAllResolvedEvent) => {
      this.#lastReceivedAt = clock.monotonic();
      onMessage(message, this);
    });
    subscription.on('error', (error) => {
      this.giveUp(error);
    });
    subscription.on('close', () => {
      this.giveUp(new SubscriptionEnded('ended', 'the subscription was closed'));
    });
  }

  get isConfirmed(): boolean {
    return this.#isConfirmed && !this.#hasEnded;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Milliseconds since a message came last, or since the beginning. */
  get silentForMs(): number {
    return this.#clock.monotonic() - this.#lastReceivedAt;
  }

  get isPaused(): boolean {
    return this.#subscription.isPaused();
  }

  /** Takes no more messages. */
  pause(): void {
    this.#subscription.pause();
  }

  /** Takes messages again. */
  resume(): void {
    this.#subscription.resume();
  }

  /** Asks for a message again. @throws what the client throws; unanswered, it comes again after the message timeout */
  nack(message: PersistentSubscriptionToAllResolvedEvent, reason: string): Promise<void> {
    return this.#subscription.nack(RETRY, reason, message);
  }

  /** Ends it because of `reason`; once. */
  giveUp(reason: Error): void {
    if (!this.#finish()) return;
    // The call as well as the stream: destroying the official client's stream leaves its call open, and a consumer that
    // is still connected is handed messages.
    this.#subscription.unsubscribe().catch(() => undefined);
    this.#subscription.destroy();
    this.#end(reason);
  }

  /** Sends the acknowledgements that are pending, and ends it; what was not answered comes again elsewhere. */
  async leave(): Promise<void> {
    if (!this.#finish()) return;
    await this.acknowledgements.flush();
    await within(this.#clock, SETTLE_MS, this.#subscription.unsubscribe()).catch(() => undefined);
  }

  #finish(): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    this.#cancelConfirmation();
    this.#settle();
    return true;
  }
}
