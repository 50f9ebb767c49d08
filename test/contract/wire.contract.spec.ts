import { EventStoreDBClient } from '@eventstore/db-client';
import { WireStore } from '../support/wire-store.js';
import { describePersistentSubscriptions } from './persistent-subscriptions.contract.js';
import { describeStreams } from './streams.contract.js';

const NAME = 'the official client on the wire server';

describeStreams(NAME, async (options = {}) => {
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
});

describePersistentSubscriptions(NAME, async () => {
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
});
