import type { EventStore, EventStoreClient } from '../../modules/event-store/index.js';

/**
 * An event store as an instance sees it whose line to it can be cut for appends of some events: they arrive once the line
 * is mended, however late that is. Everything else goes through.
 */
export class HeldAppends implements EventStore {
  readonly client: EventStoreClient;
  readonly capabilities: EventStore['capabilities'];
  readonly failed: Promise<Error>;
  #heldType: string | undefined;
  #onHeld: () => void = () => undefined;
  #mended: Promise<void> = Promise.resolve();
  #mend: () => void = () => undefined;

  constructor(store: EventStore) {
    this.capabilities = store.capabilities;
    this.failed = store.failed;
    this.client = new Proxy(store.client, {
      get: (target, name: keyof EventStoreClient) => {
        if (name === 'appendToStream') return this.#append.bind(this, target);
        const call: unknown = target[name];
        return typeof call === 'function' ? (call.bind(target) as unknown) : call;
      },
    });
  }

  /** Holds up every append of an event of this type. @returns resolves when the first one is */
  cut(eventType: string): Promise<void> {
    this.#heldType = eventType;
    this.#mended = new Promise((resolve) => (this.#mend = resolve));
    return new Promise((resolve) => (this.#onHeld = resolve));
  }

  /** Lets everything through that was held up, and all that follows. */
  mend(): void {
    this.#heldType = undefined;
    this.#mend();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #append(
    client: EventStoreClient,
    ...args: Parameters<EventStoreClient['appendToStream']>
  ): Promise<unknown> {
    if ([args[1]].flat().some(({ type }) => type === this.#heldType)) {
      this.#onHeld();
      await this.#mended;
    }
    return client.appendToStream(...args);
  }
}
