import type { Clock } from '../../kernel/index.js';

/** How long an outcome that stays unknown is waited for: until the deadline of its command, or until all are stopped. */
export class CommandDeadline {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<AbortController>();
  #isStopped = false;

  /** @param timeoutMs milliseconds from the beginning of a command */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Runs `work` with a signal that aborts at its deadline. */
  async within<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const deadline = new AbortController();
    if (this.#isStopped) deadline.abort();
    this.#waiting.add(deadline);
    const cancel = this.#clock.setTimer(() => {
      deadline.abort();
    }, this.#timeoutMs);
    try {
      return await work(deadline.signal);
    } finally {
      cancel();
      this.#waiting.delete(deadline);
    }
  }

  /** Ends every wait, also those to come. */
  stop(): void {
    this.#isStopped = true;
    for (const deadline of this.#waiting) deadline.abort();
  }
}
