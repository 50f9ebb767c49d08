import {
  connectEventStore,
  type EventStore,
  openEmbeddedEventStore,
} from '../../modules/event-store/index.js';
import { EVENTSTORE_URL } from './installation.js';

/** The event store of an installation: the embedded one in `folder`, or the server that the suites run against. */
export function openStoreIn(folder: string): Promise<EventStore> {
  if (EVENTSTORE_URL === undefined) return openEmbeddedEventStore({ dataDir: folder });
  return connectEventStore({ url: EVENTSTORE_URL });
}
