/** How a breaker opens, and for how long. Times in milliseconds. */
export interface BreakerOptions {
  /** Failures in a row after which it opens, once they go on for `patienceMs`. */
  readonly threshold: number;
  /** How long every request must have failed. */
  readonly patienceMs: number;
  /** How long it stays open at first; twice as long after each probe that failed. */
  readonly openMs: number;
  /** The longest pause between two probes. */
  readonly longestOpenMs: number;
  /** Open for longer than this, it lets requests through one at a time, `trickleMs` apart, so that every delivery ends. */
  readonly longestHoldMs: number;
  /** Pause between requests after that. */
  readonly trickleMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * A circuit breaker on the monotonic clock of its caller, without timers of its own. The well-known libraries wrap a call
 * and time themselves; a lane asks when the next request may start, long before there is a call.
 *
 * ```
 *   closed ── failures in a row ──▶ open ── time ──▶ half-open: one request at a time, the probe
 *   half-open ── it fails ──▶ open, for twice as long
 *   open, half-open ── any success ──▶ closed
 * ```
 *
 * Guarantee: while it is tripped, a request starts at least every `longestOpenMs`, and after `longestHoldMs` every
 * `trickleMs` (as far as the endpoint takes no longer to fail).
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #failingSince = 0;
  #trippedAt: number | null = null;
  #pauseMs = 0;
  #openUntil = Number.NEGATIVE_INFINITY;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Monotonic time from which the next request may start. */
  get nextAt(): number {
    return this.#openUntil;
  }

  /** Whether only probes go. */
  get isTripped(): boolean {
    return this.#trippedAt !== null;
  }

  /** Whether no failure is remembered. */
  get isAtRest(): boolean {
    return this.#failures === 0;
  }

  stateAt(now: number): BreakerState {
    if (!this.isTripped) return 'closed';
    return now < this.#openUntil ? 'open' : 'half-open';
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trippedAt = null;
    this.#openUntil = Number.NEGATIVE_INFINITY;
  }

  /** A request that started at `startedAt` failed. */
  failed(now: number, startedAt: number): void {
    if (this.#failures === 0) this.#failingSince = now;
    this.#failures += 1;
    if (this.#trippedAt === null) {
      if (this.#isPersistent(now)) this.#trip(now);
      return;
    }
    // It was under way when the breaker opened, and is no probe.
    if (startedAt < this.#openUntil) return;
    const { longestHoldMs, longestOpenMs, trickleMs } = this.#options;
    const isHeldTooLong = now - this.#trippedAt >= longestHoldMs;
    this.#pauseMs = isHeldTooLong ? trickleMs : Math.min(2 * this.#pauseMs, longestOpenMs);
    this.#openUntil = now + this.#pauseMs;
  }

  #isPersistent(now: number): boolean {
    const { patienceMs, threshold } = this.#options;
    return this.#failures >= threshold && now - this.#failingSince >= patienceMs;
  }

  #trip(now: number): void {
    this.#trippedAt = now;
    this.#pauseMs = this.#options.openMs;
    this.#openUntil = now + this.#pauseMs;
  }
}
