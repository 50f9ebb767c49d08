import { ErrorType, type RecordedEvent } from '@eventstore/db-client';
import { type EventStoreClient, isClientError } from '../event-store/index.js';

/**
 * A message that was parked and is handed out again carries the position of its place among the parked ones, not that of
 * the event, and membership is a function of that. The event in its own stream knows.
 *
 * @returns `undefined` when the event is gone
 */
export async function readParkedEvent(
  client: Pick<EventStoreClient, 'readStream'>,
  { id, revision, streamId }: RecordedEvent,
): Promise<RecordedEvent | undefined> {
  try {
    const read = client.readStream(streamId, { fromRevision: revision, maxCount: 1 });
    for await (const { event } of read) return event?.id === id ? event : undefined;
  } catch (error) {
    const isGone = isClientError(error, ErrorType.STREAM_NOT_FOUND, ErrorType.STREAM_DELETED);
    if (!isGone) throw error;
  }
  return undefined;
}
