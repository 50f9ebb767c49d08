import type { CancelTimer, Clock } from '../kernel/index.js';

/** A delivery that was due and found to be behind another of its stream. */
export interface OrderWait {
  readonly webhookId: string;
  readonly deliveryId: string;
}

export interface OrderWaitsOptions {
  readonly clock: Clock;
  /** A wait that nothing ended is over after this time, in milliseconds. */
  readonly longestMs: number;
  /** The wait is over: the delivery may be looked at again. */
  readonly onOver: (wait: OrderWait) => void;
}

/** Ends that are remembered, for those who are about to wait for one of them. */
const REMEMBERED_ENDS = 1_000;

/**
 * Deliveries that the due index shows as due, and that wait all the same, because the index did not show what is before
 * them. Seldom many: as a rule the index holds back what is not first.
 */
export class OrderWaits {
  readonly #options: OrderWaitsOptions;
  /** By the delivery that is waited for. */
  readonly #waits = new Map<string, Map<OrderWait, CancelTimer>>();
  /** Deliveries that ended last, with the number of their end, oldest first. */
  readonly #ends = new Map<string, number>();
  #lastEnd = 0;
  #size = 0;

  constructor(options: OrderWaitsOptions) {
    this.#options = options;
  }

  /** Deliveries that wait. */
  get size(): number {
    return this.#size;
  }

  /** How many ends there were by now: what `add` is to be given for a look that begins now. */
  get ends(): number {
    return this.#lastEnd;
  }

  /**
   * Lets a delivery wait until `after` ends.
   *
   * @param since what `ends` was before it was looked whether `after` has ended: if it ended meanwhile, the wait is over
   */
  add(wait: OrderWait, after: string, since: number): void {
    if ((this.#ends.get(after) ?? 0) > since) {
      this.#options.onOver(wait);
      return;
    }
    let waits = this.#waits.get(after);
    if (!waits) {
      waits = new Map();
      this.#waits.set(after, waits);
    }
    const { clock, longestMs } = this.#options;
    const cancel = clock.setTimer(() => {
      waits.delete(wait);
      if (waits.size === 0) this.#waits.delete(after);
      this.#over(wait);
    }, longestMs);
    waits.set(wait, cancel);
    this.#size += 1;
  }

  /** These deliveries have ended. */
  ended(deliveryIds: readonly string[]): void {
    for (const deliveryId of deliveryIds) {
      this.#remember(deliveryId);
      const waits = this.#waits.get(deliveryId);
      this.#waits.delete(deliveryId);
      for (const [wait, cancel] of waits ?? []) {
        cancel();
        this.#over(wait);
      }
    }
  }

  stop(): void {
    for (const waits of this.#waits.values()) for (const cancel of waits.values()) cancel();
    this.#waits.clear();
    this.#size = 0;
  }

  #over(wait: OrderWait): void {
    this.#size -= 1;
    this.#options.onOver(wait);
  }

  #remember(deliveryId: string): void {
    this.#ends.delete(deliveryId);
    this.#ends.set(deliveryId, ++this.#lastEnd);
    if (this.#ends.size <= REMEMBERED_ENDS) return;
    for (const oldest of this.#ends.keys()) {
      this.#ends.delete(oldest);
      return;
    }
  }
}
