/** Cancels a timer; calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/**
 * Time, as everything in Posthorn sees it. Injected, so that a test moves time instead of waiting for it.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch: for what is recorded and shown. */
  now(): number;
  /** Milliseconds on a clock that never jumps: for durations, leases and windows. */
  monotonic(): number;
  /**
   * Runs `callback` once, `delayMs` milliseconds from now (0 or less: as soon as possible). A pending timer does not
   * keep the process alive.
   */
  setTimer(callback: () => void, delayMs: number): CancelTimer;
}

/** Longest delay that Node's timers hold; a longer one would fire at once. */
const LONGEST_NODE_DELAY_MS = 2_147_483_647;

/** The clock of the machine. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    let timer: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      const step = Math.min(Math.max(remainingMs, 0), LONGEST_NODE_DELAY_MS);
      timer = setTimeout(() => {
        if (remainingMs > step) arm(remainingMs - step);
        else callback();
      }, step);
      timer.unref();
    };
    arm(delayMs);
    return () => {
      clearTimeout(timer);
    };
  }
}

/** Injection token of the `Clock`. */
export const CLOCK = Symbol('posthorn.Clock');
