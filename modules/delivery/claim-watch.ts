import type { CancelTimer, Clock } from '../kernel/index.js';

/** A claim that may lapse. */
export interface WatchedClaim {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly claimId: string;
}

/**
 * Counts the leases of claims with this instance's own monotonic clock, from when it saw each claim: clocks of other
 * machines, and jumps of this one's, decide nothing.
 */
export class ClaimWatch {
  readonly #clock: Clock;
  readonly #onLapsed: (claim: WatchedClaim) => void;
  readonly #timers = new Map<string, { readonly claimId: string; readonly cancel: CancelTimer }>();

  constructor(options: {
    readonly clock: Clock;
    readonly onLapsed: (claim: WatchedClaim) => void;
  }) {
    this.#clock = options.clock;
    this.#onLapsed = options.onLapsed;
  }

  /** Calls back when `leaseMs` have passed, unless a newer claim of the same delivery is seen before. */
  watch(claim: WatchedClaim, leaseMs: number): void {
    const known = this.#timers.get(claim.deliveryId);
    if (known?.claimId === claim.claimId) return;
    known?.cancel();
    const cancel = this.#clock.setTimer(() => {
      this.#timers.delete(claim.deliveryId);
      this.#onLapsed(claim);
    }, leaseMs);
    this.#timers.set(claim.deliveryId, { claimId: claim.claimId, cancel });
  }

  stop(): void {
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
