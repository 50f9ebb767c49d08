import { END, ErrorType, type RecordedEvent, START } from '@eventstore/db-client';
import { type EventStoreClient, isClientError } from '../event-store/index.js';

/** Events that a search through a stream reads at once. */
const PAGE = 100;

/** Position of the newest event of the log; 0 when it is empty. */
export async function endOfLog(client: Pick<EventStoreClient, 'readAll'>): Promise<bigint> {
  const newest = client.readAll({ direction: 'backwards', fromPosition: END, maxCount: 1 });
  for await (const { event, link } of newest) return (link ?? event)?.position.commit ?? 0n;
  return 0n;
}

/** The first event of a stream; `undefined` when there is none. */
export async function firstEvent(
  client: Pick<EventStoreClient, 'readStream'>,
  stream: string,
): Promise<RecordedEvent | undefined> {
  const first = { direction: 'forwards', fromRevision: START, maxCount: 1 } as const;
  return (await eventsOf(client, stream, first))[0];
}

/** The newest event of a stream; `undefined` when there is none. */
export async function newestEvent(
  client: Pick<EventStoreClient, 'readStream'>,
  stream: string,
): Promise<RecordedEvent | undefined> {
  const newest = { direction: 'backwards', fromRevision: END, maxCount: 1 } as const;
  return (await eventsOf(client, stream, newest))[0];
}

/** The newest event of a stream that has the type; `undefined` when there is none. Reads back to it, page by page. */
export async function newestEventOfType(
  client: Pick<EventStoreClient, 'readStream'>,
  stream: string,
  type: string,
): Promise<RecordedEvent | undefined> {
  for (let fromRevision: bigint | typeof END = END; ;) {
    const page: RecordedEvent[] = await eventsOf(client, stream, {
      direction: 'backwards',
      fromRevision,
      maxCount: PAGE,
    });
    const found = page.find((event) => event.type === type);
    const last = page.at(-1);
    if (found || !last || last.revision === 0n || page.length < PAGE) return found;
    fromRevision = last.revision - 1n;
  }
}

async function eventsOf(
  client: Pick<EventStoreClient, 'readStream'>,
  stream: string,
  options: NonNullable<Parameters<EventStoreClient['readStream']>[1]>,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  try {
    for await (const { event } of client.readStream(stream, options)) if (event) events.push(event);
  } catch (error) {
    if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
  }
  return events;
}
