import type { Clock } from '../../kernel/index.js';

/** Part of a second's worth that is sent at once: a piece is worth a read. */
const PIECES_PER_SECOND = 4;

/** Holds a replay to its rate: a bucket that holds what may be sent in one second. */
export class Pace {
  readonly #clock: Clock;
  #level: number | undefined;
  #filledAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How many may be sent now; 0 when it is not worth it.
   *
   * @param perSecond the rate that holds now; `null`: any
   */
  allowance(perSecond: number | null): number {
    if (perSecond === null) return Infinity;
    const now = this.#clock.monotonic();
    const gained = ((now - this.#filledAt) * perSecond) / 1_000;
    // Of a replay that begins, or was unbounded until now, a whole second is due.
    this.#level = Math.min(perSecond, (this.#level ?? perSecond) + gained);
    this.#filledAt = now;
    return this.#level < pieceOf(perSecond) ? 0 : Math.floor(this.#level);
  }

  /** How long until it is worth it, in milliseconds. */
  waitMs(perSecond: number): number {
    const missing = pieceOf(perSecond) - (this.#level ?? 0);
    return Math.max(1, Math.ceil((missing * 1_000) / perSecond));
  }

  /** So many were sent. */
  spend(count: number): void {
    if (this.#level !== undefined) this.#level -= count;
  }
}

function pieceOf(perSecond: number): number {
  return Math.max(1, perSecond / PIECES_PER_SECOND);
}
