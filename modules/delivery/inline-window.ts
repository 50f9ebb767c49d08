import type { CancelTimer, Clock } from '../kernel/index.js';
import type { ScheduleReason } from './delivery.events.js';

/** What is told when its window closes before it has left. */
export interface WindowOccupant {
  /** @param reason why a delivery that has not started is put off */
  closeWindow(reason: ScheduleReason): void;
}

/**
 * Closes the inline window of each occupant once, `windowMs` after it opened, unless it has left before. All windows are
 * equally long, so they close in the order in which they opened, and one timer serves all of them.
 */
export class InlineWindow {
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** When the window of each occupant closes, on the monotonic clock; in the order of opening. */
  readonly #closings = new Map<WindowOccupant, number>();
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** @param openedAt monotonic time from which the window counts, in milliseconds */
  open(occupant: WindowOccupant, openedAt: number): void {
    this.#closings.set(occupant, openedAt + this.#windowMs);
    if (!this.#cancelTimer) this.#arm();
  }

  /** The occupant is done: its window is never closed. */
  leave(occupant: WindowOccupant): void {
    this.#closings.delete(occupant);
  }

  /** Closes every open window now: the process is shutting down. */
  closeAll(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#close(Number.POSITIVE_INFINITY, 'shutdown');
  }

  #arm(): void {
    const next = this.#closings.values().next();
    if (next.done) return;
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#cancelTimer = undefined;
      this.#close(this.#clock.monotonic(), 'lane-full');
      this.#arm();
    }, next.value - this.#clock.monotonic());
  }

  #close(now: number, reason: ScheduleReason): void {
    for (const [occupant, closesAt] of this.#closings) {
      if (closesAt > now) return;
      this.#closings.delete(occupant);
      occupant.closeWindow(reason);
    }
  }
}
