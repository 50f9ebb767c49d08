import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventStore } from '../../modules/event-store/index.js';
import { describeStreams } from './streams.contract.js';

describeStreams('the embedded event store', async (options) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'contract-'));
  const store = await openEmbeddedEventStore({ dataDir, ...options });
  return {
    client: store.client,
    close: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});
