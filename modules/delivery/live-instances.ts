import type { Clock } from '../kernel/index.js';
import { deliveryIdAt } from './delivery-id.js';

/** Who has claimed nothing for this long is taken to be gone, in milliseconds. */
const PRESUMED_GONE_MS = 60_000;

/** A stretch of the ids of deliveries. */
export interface IdRange {
  /** The smallest id that belongs to it, if there is one so small. */
  readonly from: string;
  /** The smallest id that no longer does; `null`: all greater ones do. */
  readonly to: string | null;
}

/** The ids of all deliveries. */
export const EVERYTHING: IdRange = { from: '', to: null };

/**
 * The instances that were seen to claim deliveries lately, and how they part a backlog that none of them owns: each begins with a
 * range of ids of its own. Nobody agrees on anything: who sees fewer of the others has a larger range, which overlaps with
 * those of others, and that costs a claim that fails.
 */
export class LiveInstances {
  readonly #clock: Clock;
  readonly #self: string;
  readonly #seenAt = new Map<string, number>();

  constructor(clock: Clock, self: string) {
    this.#clock = clock;
    this.#self = self;
  }

  /** An instance has claimed a delivery. */
  seen(instance: string): void {
    if (instance !== this.#self) this.#seenAt.set(instance, this.#clock.monotonic());
  }

  /** The ids with which this instance begins. */
  ownRange(): IdRange {
    const now = this.#clock.monotonic();
    let before = 0;
    for (const [instance, seenAt] of this.#seenAt) {
      if (now - seenAt > PRESUMED_GONE_MS) this.#seenAt.delete(instance);
      else if (instance < this.#self) before += 1;
    }
    const count = this.#seenAt.size + 1;
    if (count === 1) return EVERYTHING;
    return {
      from: deliveryIdAt(before / count),
      to: before + 1 === count ? null : deliveryIdAt((before + 1) / count),
    };
  }
}
