import type { Position } from '@eventstore/db-client';

/** Below this a position is a place in the log; some servers send 2^64-1 for "end", which must never be stored. */
const POSITION_LIMIT = 2n ** 63n;

/** The text form of a log position, used wherever one is stored or shown: the commit position in decimal. */
export function formatPosition(position: Position): string {
  return position.commit.toString();
}

/** The position for a text made by `formatPosition`; `undefined` if the text is not one. */
export function parsePosition(text: string): Position | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const commit = BigInt(text);
  return commit < POSITION_LIMIT ? { commit, prepare: commit } : undefined;
}

/** Whether `position` is a place in the log: below 2^63. */
export function isRealPosition(position: Position): boolean {
  return position.commit < POSITION_LIMIT && position.prepare < POSITION_LIMIT;
}
