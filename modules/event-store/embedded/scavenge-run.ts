import { EngineError } from './event-log.js';
import { SCAVENGE_START, type ScavengeCursor } from './scavenger.js';
import type { WriterAnswer } from './writer-protocol.js';

/** What a scavenge removed, so far or altogether. */
export interface ScavengeResult {
  readonly eventsRemoved: number;
  /** Bytes by which the file became smaller. */
  readonly bytesReclaimed: number;
}

export interface ScavengeProgress extends ScavengeResult {
  readonly streams: number;
  readonly streamsDone: number;
}

export type OnScavengeProgress = (progress: ScavengeProgress) => void;

/** One scavenge: asks the writer for step after step, each behind the appends that came before it. */
export class ScavengeRun {
  readonly result: Promise<ScavengeResult>;
  readonly #askForStep: (cursor: ScavengeCursor) => void;
  readonly #onProgress: OnScavengeProgress | undefined;
  #resolve: (result: ScavengeResult) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #eventsRemoved = 0;
  #bytesReclaimed = 0;

  constructor(askForStep: (cursor: ScavengeCursor) => void, onProgress?: OnScavengeProgress) {
    this.#askForStep = askForStep;
    this.#onProgress = onProgress;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    askForStep(SCAVENGE_START);
  }

  /** Takes the answer to the last step. @returns whether the run is over */
  take(answer: Extract<WriterAnswer, { kind: 'scavenged' | 'not-scavenged' }>): boolean {
    if (answer.kind === 'not-scavenged') {
      this.fail(answer.message);
      return true;
    }
    const { cursor, eventsRemoved, bytesReclaimed, streams } = answer.step;
    this.#eventsRemoved += eventsRemoved;
    this.#bytesReclaimed += bytesReclaimed;
    const result = { eventsRemoved: this.#eventsRemoved, bytesReclaimed: this.#bytesReclaimed };
    this.#onProgress?.({ ...result, streams, streamsDone: Math.min(cursor.streamId - 1, streams) });
    if (cursor.phase === 'done') {
      this.#resolve(result);
      return true;
    }
    this.#askForStep(cursor);
    return false;
  }

  /** What was removed so far stays removed. */
  fail(message: string): void {
    this.#reject(new EngineError({ kind: 'unavailable', message }));
  }
}
