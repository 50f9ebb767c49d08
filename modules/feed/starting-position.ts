import type { EventStoreClient, StreamNames } from '../event-store/index.js';
import type { Bookmark } from './bookmarks.js';
import { endOfLog, firstEvent } from './log-ends.js';

export interface StartingPositionDependencies {
  readonly client: Pick<EventStoreClient, 'readAll' | 'readStream'>;
  readonly names: StreamNames;
  readonly bookmark: () => Promise<Bookmark | undefined>;
}

/**
 * Where observing begins: the position of the first event to be observed, or 0 for the beginning.
 *
 * The bookmark; else the first registration of a webhook, before which nothing is a member of anything; else the end
 * of the log as it is now. The end is read first: what is registered between the two reads lies behind it.
 */
export async function startingPosition({
  bookmark,
  client,
  names,
}: StartingPositionDependencies): Promise<bigint> {
  const bookmarked = await bookmark();
  if (bookmarked) return bookmarked.position;
  const end = await endOfLog(client);
  const registration = (await firstEvent(client, names.registry))?.position?.commit;
  return registration !== undefined && registration < end ? registration : end;
}
