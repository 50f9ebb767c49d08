import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEventStore } from '../../modules/event-store/index.js';
import type { OpenStreamsClient } from './stream-fixtures.js';
import { describeOwnStreams, describeStreams } from './streams.contract.js';

const NAME = 'the embedded event store';

const openClient: OpenStreamsClient = async (options) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'contract-'));
  const store = await openEmbeddedEventStore({ dataDir, ...options });
  return {
    client: store.client,
    close: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true });
    },
  };
};

describeStreams(NAME, openClient);
describeOwnStreams(NAME, openClient);
