import type { EventStore, EventStoreClient } from '../../modules/event-store/index.js';
import { type CancelTimer, type Clock, SystemClock } from '../../modules/kernel/index.js';

/**
 * The store as instances see it that are several: any of them may append, and none may rely on more than an EventStoreDB
 * gives. What is behind it may be the embedded store of this process.
 */
export function sharedStore(store: EventStore): EventStore {
  const { client, failed } = store;
  return {
    client,
    failed,
    capabilities: { ...store.capabilities, isExclusive: false, hasSafeServerSideFilter: false },
    close: () => store.close(),
  };
}

/** A clock that is `factor` times as quick as that of the machine: what takes ten seconds takes half a second at 20. */
export class QuickClock implements Clock {
  readonly #clock = new SystemClock();
  readonly #startedAt = this.#clock.now();
  readonly #factor: number;

  constructor(factor: number) {
    this.#factor = factor;
  }

  now(): number {
    return this.#startedAt + (this.#clock.now() - this.#startedAt) * this.#factor;
  }

  monotonic(): number {
    return this.#clock.monotonic() * this.#factor;
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    return this.#clock.setTimer(callback, delayMs / this.#factor);
  }
}

/** What instances did to claim deliveries. */
export class ClaimCounts {
  /** Deliveries whose stream was read in order to claim them. */
  tried = 0;
  /** Appends of a claim. */
  claims = 0;
  /** Appends of a claim that met another revision. */
  conflicts = 0;

  /** The client, with what goes through it counted. */
  counting(client: EventStoreClient, isDelivery: (stream: string) => boolean): EventStoreClient {
    const counted: Partial<EventStoreClient> = {
      appendToStream: async (...args) => {
        const [, events] = args;
        const isClaim = [events].flat()[0]?.type === 'DeliveryClaimed';
        if (isClaim) this.claims += 1;
        try {
          return await client.appendToStream(...args);
        } catch (error) {
          if (isClaim) this.conflicts += 1;
          throw error;
        }
      },
      readStream: (...args: Parameters<EventStoreClient['readStream']>) => {
        if (isDelivery(args[0])) this.tried += 1;
        return client.readStream(...args);
      },
    };
    return new Proxy(client, {
      get: (target, name) => {
        const call: unknown = Reflect.get(counted, name) ?? Reflect.get(target, name);
        return typeof call === 'function' ? (call.bind(target) as unknown) : call;
      },
    });
  }
}
