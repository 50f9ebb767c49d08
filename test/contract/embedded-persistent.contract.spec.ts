import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '../../modules/event-store/embedded/open-embedded-log.js';
import { StreamsClient } from '../../modules/event-store/in-process/streams-client.js';
import type { EventStoreClient } from '../../modules/event-store/index.js';
import { PersistentSubscriptionsClient } from '../../modules/event-store/persistent-subscriptions/client/persistent-subscriptions-client.js';
import { PersistentSubscriptions } from '../../modules/event-store/persistent-subscriptions/persistent-subscriptions.js';
import { SystemClock } from '../../modules/kernel/index.js';
import {
  describePersistentSubscriptions,
  type OpenStore,
} from './persistent-subscriptions.contract.js';

async function open(dataDir: string) {
  const clock = new SystemClock();
  const opened = await openEmbeddedLog({ dataDir });
  const subscriptions = new PersistentSubscriptions({ log: opened.log, clock });
  await subscriptions.start();
  const streams = new StreamsClient({ log: opened.log, clock, room: () => opened.room() });
  const groups = new PersistentSubscriptionsClient(subscriptions, clock);
  const client = new Proxy(streams, {
    get: (_, name) => {
      const owner = (name in groups ? groups : streams) as unknown as Record<
        string | symbol,
        (...args: unknown[]) => unknown
      >;
      return owner[name]?.bind(owner);
    },
  }) as unknown as EventStoreClient;
  return {
    client,
    close: async () => {
      streams.endSubscriptions();
      await subscriptions.close();
      await opened.close();
    },
  };
}

async function openStore(): Promise<OpenStore> {
  const dataDir = mkdtempSync(join(tmpdir(), 'contract-'));
  let store = await open(dataDir);
  return {
    get client() {
      return store.client;
    },
    restart: async () => {
      await store.close();
      store = await open(dataDir);
    },
    close: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

describePersistentSubscriptions('the embedded event store', openStore);
