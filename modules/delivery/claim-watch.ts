import type { CancelTimer, Clock } from '../kernel/index.js';
import { Agenda } from './agenda.js';

/** A claim that may lapse. */
export interface WatchedClaim {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly claimId: string;
}

/** A claim of this instance under which something was sent, or should have been, and whose outcome is not recorded. */
export interface AbandonedClaim extends WatchedClaim {
  /** What is left of its lease, in milliseconds. */
  readonly remainingMs: number;
}

/**
 * Counts the leases of claims with this instance's own monotonic clock, from when it saw each claim: clocks of other
 * machines, and jumps of this one's, decide nothing.
 */
export class ClaimWatch {
  readonly #clock: Clock;
  readonly #onLapsed: (claim: WatchedClaim) => void;
  readonly #claims = new Map<string, WatchedClaim>();
  /** When each of them lapses, on the monotonic clock, by delivery. */
  readonly #lapses = new Agenda();
  #cancelTimer: CancelTimer | undefined;
  #wakesAt = Infinity;

  constructor(options: {
    readonly clock: Clock;
    readonly onLapsed: (claim: WatchedClaim) => void;
  }) {
    this.#clock = options.clock;
    this.#onLapsed = options.onLapsed;
  }

  /** Claims that are watched. */
  get size(): number {
    return this.#claims.size;
  }

  /** Calls back when `leaseMs` have passed, unless a newer claim of the same delivery is seen before, or its outcome. */
  watch(claim: WatchedClaim, leaseMs: number): void {
    const { deliveryId, webhookId, claimId } = claim;
    if (this.#claims.get(deliveryId)?.claimId === claimId) return;
    this.forget(deliveryId);
    this.#claims.set(deliveryId, { deliveryId, webhookId, claimId });
    this.#lapses.set(deliveryId, this.#clock.monotonic() + leaseMs);
    this.#arm();
  }

  /** The outcome of the attempt is known: nobody waits for its claim any more. */
  forget(deliveryId: string): void {
    this.#claims.delete(deliveryId);
    this.#lapses.delete(deliveryId);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#claims.clear();
  }

  #arm(): void {
    const next = this.#lapses.earliest ?? Infinity;
    if (next >= this.#wakesAt) return;
    this.#cancelTimer?.();
    this.#wakesAt = next;
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#wakesAt = Infinity;
      this.#lapse();
      this.#arm();
    }, next - this.#clock.monotonic());
  }

  #lapse(): void {
    const now = this.#clock.monotonic();
    for (let id = this.#lapses.take(now); id !== undefined; id = this.#lapses.take(now)) {
      const claim = this.#claims.get(id);
      this.#claims.delete(id);
      if (claim) this.#onLapsed(claim);
    }
  }
}
