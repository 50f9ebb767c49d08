import { EventStoreDBClient } from '@eventstore/db-client';
import { EVENTSTORE_URL } from '../support/installation.js';
import type { OpenStore } from './open-store.js';
import { describePersistentSubscriptions } from './persistent-subscriptions.contract.js';
import { type OpenStreamsClient, RUN } from './stream-fixtures.js';
import { describeStreams } from './streams.contract.js';

const NAME = 'the official client on it';

/** The official client knows one scheme; servers of today are named with others as well. */
function clientOf(url: string, settings: Readonly<Record<string, string>> = {}) {
  const [target = '', query = ''] = url.replace(/^kurrent(?:db)?(?=:|\+)/, 'esdb').split('?');
  const parameters = new URLSearchParams([
    ...new URLSearchParams(query),
    ...Object.entries(settings),
  ]);
  return EventStoreDBClient.connectionString(`${target}?${parameters.toString()}`);
}

/** Deletes the groups that this run has left on the server. */
async function cleanUp(client: EventStoreDBClient): Promise<void> {
  for (const { eventSource, groupName } of await client.listAllPersistentSubscriptions()) {
    if (eventSource.startsWith(RUN)) {
      await client.deletePersistentSubscriptionToStream(eventSource, groupName);
    } else if (eventSource === '$all' && groupName.startsWith(RUN)) {
      await client.deletePersistentSubscriptionToAll(groupName);
    }
  }
}

function describeServer(url: string): void {
  const openClient: OpenStreamsClient = async ({ throwOnAppendFailure = true } = {}) => {
    const client = clientOf(url, { throwOnAppendFailure: String(throwOnAppendFailure) });
    return Promise.resolve({
      client,
      close: async () => {
        // not awaited: the official client waits for ever for a read that was abandoned half-way
        void client.dispose();
        return Promise.resolve();
      },
    });
  };
  const openStore = async (): Promise<OpenStore> => {
    const client = clientOf(url);
    return Promise.resolve({
      client,
      close: async () => {
        await cleanUp(client);
        void client.dispose();
      },
    });
  };
  describeStreams(NAME, openClient);
  describePersistentSubscriptions(NAME, openStore);
}

const onServer: jest.Describe = EVENTSTORE_URL === undefined ? describe.skip : describe;

onServer('an EventStoreDB of version 23.10 or later, named by EVENTSTORE_URL', () => {
  describeServer(EVENTSTORE_URL ?? '');
});
