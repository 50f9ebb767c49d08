/** How long and how much is remembered. */
export interface RecentWebhooksOptions {
  /**
   * How long an id is remembered, in seconds. @default 600: a request can be sent again for as long as its timestamp is
   * accepted, which is twice the tolerance
   */
  readonly windowSeconds?: number;
  /** Most ids that are remembered; beyond them the oldest are forgotten. @default 100000 */
  readonly capacity?: number;
  /** Epoch milliseconds. @default the time of this machine */
  readonly now?: () => number;
}

/**
 * Remembers which webhooks came lately, so that a request that is sent again is not handled again. Bounded in memory, and
 * of this process alone: it stops replayed requests. Retries may come days later, so whoever must never handle a delivery
 * twice keeps its id where the result is kept, in the same transaction.
 */
export class RecentWebhooks {
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #now: () => number;
  /** When each was claimed, the oldest first. */
  readonly #claimed = new Map<string, number>();

  constructor({
    windowSeconds = 600,
    capacity = 100_000,
    now = Date.now,
  }: RecentWebhooksOptions = {}) {
    this.#windowMs = windowSeconds * 1_000;
    this.#capacity = capacity;
    this.#now = now;
  }

  /**
   * Claims a webhook for handling.
   *
   * @param id the `webhook-id`
   * @returns false when it came before and is not to be handled: answer 2xx all the same
   */
  claim(id: string): boolean {
    const now = this.#now();
    const claimedAt = this.#claimed.get(id);
    if (claimedAt !== undefined && now - claimedAt < this.#windowMs) return false;
    this.#claimed.delete(id);
    this.#claimed.set(id, now);
    if (this.#claimed.size > this.#capacity) this.#forgetOldest();
    return true;
  }

  /** Gives a webhook back that could not be handled, so that its next attempt is. */
  release(id: string): void {
    this.#claimed.delete(id);
  }

  #forgetOldest(): void {
    for (const oldest of this.#claimed.keys()) {
      this.#claimed.delete(oldest);
      return;
    }
  }
}
