import type { ReplayCounts } from '../replay.events.js';
import { NO_COUNTS, type ReplayRecord } from '../replay-record.events.js';

/** How far a replay is, recorded or not yet. */
export interface ReplayProgress {
  readonly cursor: string | null;
  readonly counts: ReplayCounts;
}

/** What one step of a replay did. */
export interface ReplayStep {
  /** Everything up to here is done; `null` when nothing was. */
  readonly cursor: string | null;
  readonly counts: ReplayCounts;
  /** Nothing is left. */
  readonly isEnd: boolean;
  /** What comes next is not to be touched yet. */
  readonly mustWait: boolean;
}

/** Does a replay, a piece at a time. */
export interface ReplayStepper {
  /**
   * Does the next piece.
   *
   * @param limit most matches that are taken to their deliveries
   * @throws whatever went wrong: the piece may be done in part, and is done again to no effect
   */
  step(progress: ReplayProgress, limit: number): Promise<ReplayStep>;
}

/** Matches that lead to a request. */
export function sentIn({ replayed, scheduled }: ReplayCounts): number {
  return replayed + scheduled;
}

/** The counts of `answers`, which are the names of the counts that they add one to. */
export function tally(
  answers: readonly Exclude<keyof ReplayCounts, 'examined' | 'matched' | 'unreadable'>[],
): ReplayCounts {
  const counts = { ...NO_COUNTS, matched: answers.length };
  for (const answer of answers) counts[answer] += 1;
  return counts;
}

export function plus(one: ReplayCounts, other: ReplayCounts): ReplayCounts {
  const sum = { ...NO_COUNTS, ...one };
  for (const name of Object.keys(NO_COUNTS) as (keyof ReplayCounts)[]) sum[name] += other[name];
  return sum;
}

export function progressOf({ counts, cursor }: ReplayRecord): ReplayProgress {
  return { counts, cursor };
}
