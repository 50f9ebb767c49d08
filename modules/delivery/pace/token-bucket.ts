import type { RateLimit } from '../../registry/index.js';

/** Without a burst of its own, a bucket holds what comes in this part of a second, and at least one token. */
const DEFAULT_BURST_PER_SECOND = 1 / 10;

/** How many requests may start at once after a pause. */
export function burstOf(limit: RateLimit): number {
  return (
    limit.burst ?? Math.max(1, Math.floor((1_000 / spacingOf(limit)) * DEFAULT_BURST_PER_SECOND))
  );
}

/** Milliseconds from one token to the next. */
export function spacingOf(limit: RateLimit): number {
  return 'perSecond' in limit ? 1_000 / limit.perSecond : 60_000 / limit.perMinute;
}

/**
 * A token bucket, told as the time at which it will be full again (GCRA), so that nothing has to be filled by a timer.
 *
 * Guarantee: in any span of time, no more tokens are taken than its burst and what comes in that span.
 */
export class TokenBucket {
  readonly spacingMs: number;
  readonly #toleranceMs: number;
  /** On the monotonic clock. */
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor(readonly limit: RateLimit) {
    this.spacingMs = spacingOf(limit);
    this.#toleranceMs = (burstOf(limit) - 1) * this.spacingMs;
  }

  isOf(limit: RateLimit): boolean {
    return (
      limit === this.limit ||
      (spacingOf(limit) === this.spacingMs && burstOf(limit) === burstOf(this.limit))
    );
  }

  /** Monotonic time from which a token is there. */
  get nextAt(): number {
    return this.#fullAt - this.#toleranceMs;
  }

  isFull(now: number): boolean {
    return this.#fullAt <= now;
  }

  /** Takes a token, which has to be there: `nextAt <= now`. */
  take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.spacingMs;
  }
}
