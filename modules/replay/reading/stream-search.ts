import { BACKWARDS, END, ErrorType, type RecordedEvent } from '@eventstore/db-client';
import { type EventStoreClient, isClientError } from '../../event-store/index.js';

type Reader = Pick<EventStoreClient, 'readStream'>;

/**
 * The last event of a stream for which `isBefore` holds, found in as many reads of one event as the length of the stream
 * has binary digits.
 *
 * @param isBefore holds for the first events of the stream, and for none after the first for which it does not
 * @returns `undefined` when it holds for none, or there is no stream
 * @throws what the client throws
 */
export async function lastBefore(
  client: Reader,
  stream: string,
  isBefore: (event: RecordedEvent) => boolean,
): Promise<RecordedEvent | undefined> {
  const newest = await newestOf(client, stream);
  if (!newest || isBefore(newest)) return newest;
  let found: RecordedEvent | undefined;
  let low = 0n;
  let high = newest.revision;
  while (low < high) {
    const middle = (low + high) / 2n;
    // Revisions may be missing, truncated or scavenged: what is found is the first that exists at or after the middle.
    const event = (await firstFrom(client, stream, middle)) ?? newest;
    if (isBefore(event)) {
      found = event;
      low = event.revision + 1n;
    } else {
      high = middle;
    }
  }
  return found;
}

/** The newest event of a stream; `undefined` when there is none (any more). @throws what the client throws */
export async function newestOf(client: Reader, stream: string): Promise<RecordedEvent | undefined> {
  return firstOf(() =>
    client.readStream(stream, {
      direction: BACKWARDS,
      fromRevision: END,
      maxCount: 1,
      requiresLeader: true,
    }),
  );
}

function firstFrom(
  client: Reader,
  stream: string,
  fromRevision: bigint,
): Promise<RecordedEvent | undefined> {
  return firstOf(() =>
    client.readStream(stream, { fromRevision, maxCount: 1, requiresLeader: true }),
  );
}

async function firstOf(
  read: () => ReturnType<Reader['readStream']>,
): Promise<RecordedEvent | undefined> {
  let first: RecordedEvent | undefined;
  try {
    for await (const { event } of read()) first ??= event;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return first;
}

/** Whether a stream was never there, or was deleted. */
export function isGone(error: unknown): boolean {
  return (
    isClientError(error, ErrorType.STREAM_NOT_FOUND) ||
    isClientError(error, ErrorType.STREAM_DELETED)
  );
}
