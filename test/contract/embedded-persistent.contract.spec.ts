import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventStore } from '../../modules/event-store/index.js';
import type { RestartableStore } from './open-store.js';
import {
  describePersistentSubscriptions,
  describeRestarts,
} from './persistent-subscriptions.contract.js';

const NAME = 'the embedded event store';

async function openStore(): Promise<RestartableStore> {
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
}

describePersistentSubscriptions(NAME, openStore);
describeRestarts(NAME, openStore);
