import { type RecordedEvent, START } from '@eventstore/db-client';
import type { EventStoreClient } from './event-store-client.js';

/** A stretch of the log that is wanted. */
export interface LogRange {
  /** Position of the first record that is wanted: that of a record, or 0. */
  readonly from: bigint;
  /** Everything up to here was read already; -1 at the beginning. */
  readonly after: bigint;
  /** Position of the last record that is wanted. */
  readonly upTo: bigint;
  /** Records that are looked at. */
  readonly limit: number;
}

/** Some records of the log, in its order. */
export interface LogPage {
  readonly events: readonly RecordedEvent[];
  /** Position of the last one that was read; that of the range's `after` when there was none. */
  readonly last: bigint;
  /** Whether nothing up to `upTo` can be left. */
  readonly isEnd: boolean;
}

/**
 * Reads the next records of a range of the log.
 *
 * Guarantee: the end is told only when a record at or above `upTo` was seen, so a node that lags behind its leader, and
 * shows less than there is, never makes a reader stop too early.
 * @throws what the client throws
 */
export async function readLogPage(
  client: Pick<EventStoreClient, 'readAll'>,
  { from, after, upTo, limit }: LogRange,
): Promise<LogPage> {
  // From what was read, inclusive, and passed over: the next number is not the position of a record.
  const first = after > from ? after : from;
  if (first > upTo || after >= upTo) return { events: [], last: after, isEnd: true };
  const events: RecordedEvent[] = [];
  let last = after;
  const read = client.readAll({
    fromPosition: first === 0n ? START : { commit: first, prepare: first },
    maxCount: limit + 1,
  });
  for await (const { event, link } of read) {
    const record = link ?? event;
    const position = record?.position.commit ?? 0n;
    if (!record || position <= after) continue;
    if (position > upTo) return { events, last: upTo, isEnd: true };
    last = position;
    events.push(record);
  }
  return { events, last, isEnd: last >= upTo };
}
