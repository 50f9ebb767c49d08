import type { CancelTimer, Clock } from '../../kernel/index.js';
import { AbortWatch } from '../abort-watch.js';
import { SendFailure, sendFailureOf } from '../send-failure.js';

/** How long somebody waits, and what ends the wait before its time. */
export interface WaitLimits {
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Why it failed, should the time run out. */
  readonly lateness: () => SendFailure;
}

/** Waits for what goes on without whoever waits for it, such as a token that many requests wait for. */
export class Patience {
  readonly #clock: Clock;
  readonly #aborts = new AbortWatch();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The outcome of `promise`, unless the time runs out or the signal aborts before. An outcome that comes later is
   * dropped, an error too.
   *
   * @throws SendFailure `aborted`, or that of `lateness`; what `promise` rejects with, as a `SendFailure`
   */
  wait<Value>(
    promise: Promise<Value>,
    { timeoutMs, signal, lateness }: WaitLimits,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      let cancelTimer: CancelTimer = () => undefined;
      const abortable = {
        onAbort: (): void => {
          end();
          reject(new SendFailure('aborted', 'the attempt was aborted'));
        },
      };
      const end = (): void => {
        cancelTimer();
        if (signal) this.#aborts.unwatch(signal, abortable);
      };
      // Handled in every case, so that an error which comes too late is no unhandled one.
      promise.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(sendFailureOf(error));
        },
      );
      if (signal?.aborted) {
        abortable.onAbort();
        return;
      }
      if (signal) this.#aborts.watch(signal, abortable);
      cancelTimer = this.#clock.setTimer(() => {
        end();
        reject(lateness());
      }, timeoutMs);
    });
  }
}
