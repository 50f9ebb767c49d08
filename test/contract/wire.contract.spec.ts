import { EventStoreDBClient } from '@eventstore/db-client';
import { WireStore } from '../support/wire-store.js';
import type { RestartableStore } from './open-store.js';
import {
  describePersistentSubscriptions,
  describeRestarts,
} from './persistent-subscriptions.contract.js';
import type { OpenStreamsClient } from './stream-fixtures.js';
import { describeOwnStreams, describeStreams } from './streams.contract.js';

const NAME = 'the official client on the wire server';

const openClient: OpenStreamsClient = async (options = {}) => {
  const store = await WireStore.open();
  const throwOnAppendFailure = options.throwOnAppendFailure ?? true;
  const client = EventStoreDBClient.connectionString(
    `${store.connectionString}&throwOnAppendFailure=${String(throwOnAppendFailure)}`,
  );
  return {
    client,
    close: async () => {
      // not awaited: the official client waits for ever for a read that was abandoned half-way
      void client.dispose();
      await store.close();
    },
  };
};

async function openStore(): Promise<RestartableStore> {
  let store = await WireStore.open();
  const { port } = store.server;
  const client = EventStoreDBClient.connectionString(store.connectionString);
  return {
    client,
    restart: async () => {
      store = await WireStore.open({ port }, await store.stop());
    },
    close: async () => {
      void client.dispose();
      await store.close();
    },
  };
}

describeStreams(NAME, openClient);
describeOwnStreams(NAME, openClient);
describePersistentSubscriptions(NAME, openStore);
describeRestarts(NAME, openStore);
