import type { CancelTimer, Clock } from '../../../kernel/index.js';

/** What has to be answered until a certain time. */
export interface Awaited {
  /** Its name among the others. */
  readonly correlationId: string;
  /** On the monotonic clock; `Infinity` when it has all the time there is. */
  dueMs: number;
}

/**
 * The appends of one call that are not answered, by their correlation ids. One timer serves all of them, because thousands
 * may be under way and hardly any is ever late.
 */
export class PendingAppends<Append extends Awaited> {
  readonly #clock: Clock;
  readonly #onLate: (append: Append) => void;
  readonly #pending = new Map<string, Append>();
  #wakeAtMs = Infinity;
  #cancelTimer: CancelTimer | undefined;

  /** @param onLate is told of each append whose time has passed; it is no longer pending then */
  constructor(clock: Clock, onLate: (append: Append) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  get(correlationId: string): Append | undefined {
    return this.#pending.get(correlationId);
  }

  add(append: Append): void {
    this.#pending.set(append.correlationId, append);
    this.#wakeAt(append.dueMs);
  }

  /** Gives an append time until `dueMs`. */
  extend(append: Append, dueMs: number): void {
    append.dueMs = dueMs;
    this.#wakeAt(dueMs);
  }

  /** Takes an append out. @returns whether it was still pending: it is to be answered once */
  remove(append: Append): boolean {
    return (
      this.#pending.get(append.correlationId) === append &&
      this.#pending.delete(append.correlationId)
    );
  }

  /** Forgets them all. @returns what it forgot */
  clear(): readonly Append[] {
    const forgotten = [...this.#pending.values()];
    this.#pending.clear();
    this.#cancelTimer?.();
    this.#wakeAtMs = Infinity;
    return forgotten;
  }

  /** Those that come due later than the timer are found by it when it fires, and set it anew. */
  #wakeAt(dueMs: number): void {
    if (dueMs >= this.#wakeAtMs) return;
    this.#cancelTimer?.();
    this.#wakeAtMs = dueMs;
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#takeLate();
    }, dueMs - this.#clock.monotonic());
  }

  #takeLate(): void {
    const nowMs = this.#clock.monotonic();
    let nextMs = Infinity;
    this.#wakeAtMs = Infinity;
    for (const append of this.#pending.values()) {
      if (append.dueMs > nowMs) nextMs = Math.min(nextMs, append.dueMs);
      else if (this.remove(append)) this.#onLate(append);
    }
    this.#wakeAt(nextMs);
  }
}
