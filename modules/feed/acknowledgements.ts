import type {
  PersistentSubscriptionToAll,
  PersistentSubscriptionToAllResolvedEvent,
} from '@eventstore/db-client';

/** The event store takes acknowledgements in messages of a bounded size. */
const MOST_PER_MESSAGE = 1_000;

/**
 * Acknowledges in batches: everything that is done in one turn of the event loop goes out as one message.
 */
export class Acknowledgements {
  readonly #subscription: Pick<PersistentSubscriptionToAll, 'ack'>;
  readonly #onError: (error: unknown) => void;
  #pending: PersistentSubscriptionToAllResolvedEvent[] = [];

  /** @param onError told when an acknowledgement could not be sent; the event then comes again */
  constructor(
    subscription: Pick<PersistentSubscriptionToAll, 'ack'>,
    onError: (error: unknown) => void,
  ) {
    this.#subscription = subscription;
    this.#onError = onError;
  }

  add(event: PersistentSubscriptionToAllResolvedEvent): void {
    this.#pending.push(event);
    if (this.#pending.length === 1) {
      setImmediate(() => {
        void this.flush();
      });
    }
  }

  /** Sends what is pending; resolves when the client has taken it. */
  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (let start = 0; start < pending.length; start += MOST_PER_MESSAGE) {
      try {
        await this.#subscription.ack(...pending.slice(start, start + MOST_PER_MESSAGE));
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
