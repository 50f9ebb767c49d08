import type { GroupSettings } from '../group-settings.js';

/** What a checkpoint would say: everything up to `place` is done. `sequence` counts the progress. */
export interface Checkpoint {
  readonly place: number;
  readonly sequence: number;
}

/** Decides when a checkpoint is worth a write: one at a time, and not for every step. */
export class CheckpointPolicy {
  readonly #settings: GroupSettings;
  #written: Checkpoint | undefined;
  #writtenSequence = -1;
  #writtenAtMs: number;
  #isWriting = false;

  /** @param place of the checkpoint that the group began with, if it had one */
  constructor(settings: GroupSettings, place: number | undefined, nowMs: number) {
    this.#settings = settings;
    this.#writtenAtMs = nowMs;
    if (place !== undefined) this.#written = { place, sequence: -1 };
  }

  /** Place of the last checkpoint that is in the log. */
  get place(): number | undefined {
    return this.#written?.place;
  }

  /** Whether to write a checkpoint at `sequence` now. After `true`, `written` or `failed` must follow. */
  begin(sequence: number, isTick: boolean, nowMs: number): boolean {
    if (this.#isWriting || !this.#isWorthIt(sequence, isTick, nowMs)) return false;
    this.#isWriting = true;
    return true;
  }

  /** Whether a checkpoint at `sequence` says more than the last one. */
  isProgress(sequence: number): boolean {
    return sequence > this.#writtenSequence;
  }

  written(checkpoint: Checkpoint, nowMs: number): void {
    this.#isWriting = false;
    this.#written = checkpoint;
    this.#writtenSequence = checkpoint.sequence;
    this.#writtenAtMs = nowMs;
  }

  /** The write failed; the next attempt says at least as much. */
  failed(): void {
    this.#isWriting = false;
  }

  #isWorthIt(sequence: number, isTick: boolean, nowMs: number): boolean {
    const progress = sequence - this.#writtenSequence;
    if (progress <= 0) return false;
    if (progress >= this.#settings.maxCheckpointCount) return true;
    const isEarly = nowMs - this.#writtenAtMs < this.#settings.checkpointAfterMs;
    return isTick && !isEarly && progress >= this.#settings.minCheckpointCount;
  }
}
