/** What is left of the concurrency after a sign of overload. */
const DECREASE = 1 / 2;
/** Pause between requests one at a time, once a concurrency of one is too much; it doubles up to the longest. */
const SHORTEST_GAP_MS = 100;
const LONGEST_GAP_MS = 10_000;
/** How long an endpoint must not have borne a single request before its requests are kept apart. */
const PATIENCE_MS = 30_000;

/**
 * How much of its concurrency a lane uses (AIMD, as TCP does): halved by a sign of overload, and one more again after as
 * many answers as there may be requests. Where one at a time is too much for half a minute on end, requests are kept apart by
 * a gap that doubles, and halves again. An endpoint that refuses some requests and bears others is not kept waiting: each of
 * those refused waits for itself, by the retry schedule.
 *
 * Requests that were under way when it was slowed count for nothing: a burst that meets an overload slows it once.
 */
export class AdaptiveLimit {
  /** Infinite: not slowed. */
  #limit = Number.POSITIVE_INFINITY;
  #gapMs = 0;
  #slowedAt = Number.NEGATIVE_INFINITY;
  /** Since when no request was borne; `null`: the last one was. */
  #refusingSince: number | null = null;
  #lastStartAt = Number.NEGATIVE_INFINITY;

  /** @param most what the webhook allows */
  concurrency(most: number): number {
    return Math.min(most, Math.floor(this.#limit));
  }

  get gapMs(): number {
    return this.#gapMs;
  }

  /** Monotonic time from which the next request may start. */
  get nextAt(): number {
    return this.#gapMs === 0 ? Number.NEGATIVE_INFINITY : this.#lastStartAt + this.#gapMs;
  }

  get isAtRest(): boolean {
    return this.#limit === Number.POSITIVE_INFINITY;
  }

  started(now: number): void {
    this.#lastStartAt = now;
  }

  /** A sign of overload, from a request that started at `startedAt`. */
  slow(now: number, startedAt: number, most: number): void {
    if (startedAt < this.#slowedAt) return;
    this.#slowedAt = now;
    this.#refusingSince ??= now;
    const before = this.concurrency(most);
    this.#limit = Math.max(1, before * DECREASE);
    if (before > 1 || now - this.#refusingSince < PATIENCE_MS) return;
    this.#gapMs = Math.min(Math.max(SHORTEST_GAP_MS, 2 * this.#gapMs), LONGEST_GAP_MS);
  }

  /** A sign that the endpoint bears what it gets. */
  recover(most: number): void {
    this.#refusingSince = null;
    if (this.isAtRest) return;
    if (this.#gapMs > 0) {
      this.#gapMs = this.#gapMs > SHORTEST_GAP_MS ? this.#gapMs / 2 : 0;
      return;
    }
    this.#limit += 1 / this.#limit;
    if (this.#limit >= most) this.#limit = Number.POSITIVE_INFINITY;
  }
}
