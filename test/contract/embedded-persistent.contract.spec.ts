import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventStore } from '../../modules/event-store/open-embedded-event-store.js';
import type { OpenStore } from './open-store.js';
import { describePersistentSubscriptions } from './persistent-subscriptions.contract.js';

describePersistentSubscriptions('the embedded event store', async (): Promise<OpenStore> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'contract-'));
  let store = await openEmbeddedEventStore({ dataDir });
  return {
    get client() {
      return store.client;
    },
    restart: async () => {
      await store.close();
      store = await openEmbeddedEventStore({ dataDir });
    },
    close: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});
