import { BACKWARDS, END, ErrorType } from '@eventstore/db-client';
import { type EventStoreClient, isClientError } from '../../event-store/index.js';
import { lastBefore } from './stream-search.js';

type Reader = Pick<EventStoreClient, 'readAll' | 'readStream'>;

/** How far the clocks of the nodes that wrote a log may be apart: times are looked for with this margin. */
export const CLOCK_MARGIN_MS = 10 * 60_000;

/** Position of the last record of the log; -1 when it is empty. @throws what the client throws */
export async function endOfLog(client: Reader): Promise<bigint> {
  const last = client.readAll({
    direction: BACKWARDS,
    fromPosition: END,
    maxCount: 1,
    requiresLeader: true,
  });
  let end = -1n;
  for await (const { event } of last) end = event?.position.commit ?? end;
  return end;
}

/**
 * Whether the log can be read from `position`: EventStoreDB refuses what is not the position of a record.
 *
 * @throws what the client throws for other reasons
 */
export async function isReadableFrom(client: Reader, position: bigint): Promise<boolean> {
  if (position === 0n) return true;
  try {
    const read = client.readAll({
      fromPosition: { commit: position, prepare: position },
      maxCount: 1,
      requiresLeader: true,
    });
    let isThere = false;
    for await (const { event } of read) isThere = event !== undefined;
    return isThere;
  } catch (error) {
    if (isClientError(error, ErrorType.UNKNOWN)) return false;
    throw error;
  }
}

/**
 * A position from which a read meets every event recorded at `timeMs` or later: that of a record that is older, or 0.
 *
 * The log has no index of times and cannot be searched by halves, since only positions of records can be read from. A
 * stream can, by revision; and the one that the feed writes a bookmark to every few seconds runs through the whole log.
 * So it serves as the index of times.
 *
 * @param clockStream a stream that is written to again and again
 * @throws what the client throws
 */
export async function positionBefore(
  client: Reader,
  clockStream: string,
  timeMs: number,
): Promise<bigint> {
  const older = await lastBefore(
    client,
    clockStream,
    ({ created }) => created.getTime() < timeMs - CLOCK_MARGIN_MS,
  );
  return older?.position?.commit ?? 0n;
}
