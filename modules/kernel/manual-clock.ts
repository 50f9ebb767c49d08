import type { CancelTimer, Clock } from './clock.js';

interface Timer {
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that moves only when it is told to: the clock of tests, here and in applications built on Posthorn.
 *
 * Timers fire in the order of their due times while `advance` passes them, each at its own time.
 */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param startAt wall-clock time to begin with, in milliseconds since the Unix epoch */
  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    const timer = { dueAt: this.#monotonic + Math.max(delayMs, 0), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Moves both clocks on by `ms` milliseconds, firing every timer that becomes due on the way. */
  advance(ms: number): void {
    const target = this.#monotonic + ms;
    for (let next = this.#next(target); next; next = this.#next(target)) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(next.dueAt, this.#monotonic));
      next.callback();
    }
    this.#moveTo(target);
  }

  /** Sets the wall clock alone, as an operator or NTP would: durations do not notice. */
  jumpTo(epochMs: number): void {
    this.#now = epochMs;
  }

  #moveTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }

  #next(target: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt > target) continue;
      if (
        !next ||
        timer.dueAt < next.dueAt ||
        (timer.dueAt === next.dueAt && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}
