import { type Clock, PosthornError } from '../../modules/kernel/index.js';

interface Waiter {
  readonly position: bigint;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Those who wait until the read model has reached a position. */
export class PositionWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Waits until `reached` is told `position` or more.
   *
   * @throws PosthornError `PSH_PROJECTION_LAGGING` after `timeoutMs`
   */
  async wait(position: bigint, timeoutMs: number): Promise<void> {
    let cancel = (): void => undefined;
    let waiter: Waiter | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { position, resolve, reject };
        this.#waiters.add(waiter);
        cancel = this.#clock.setTimer(() => {
          reject(
            new PosthornError(
              'PSH_PROJECTION_LAGGING',
              `position ${position.toString()} was not reached within ${timeoutMs} ms`,
            ),
          );
        }, timeoutMs);
      });
    } finally {
      cancel();
      if (waiter) this.#waiters.delete(waiter);
    }
  }

  reached(position: bigint): void {
    for (const waiter of this.#waiters) {
      if (waiter.position <= position) waiter.resolve();
    }
  }

  rejectAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }
}
