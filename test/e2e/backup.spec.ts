import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import Database from 'better-sqlite3';
import {
  type EmbeddedEventStore,
  openEmbeddedEventStore,
} from '../../modules/event-store/index.js';

/** As `docs/deployment.md` tells operators to do it; `.backup` of the SQLite shell is the same call. */
async function backUp(from: string, to: string): Promise<void> {
  const database = new Database(join(from, 'event-store.db'), { readonly: true });
  await mkdir(to);
  await database.backup(join(to, 'event-store.db'));
  database.close();
}

async function revisionsOf(store: EmbeddedEventStore, stream: string): Promise<number[]> {
  const revisions: number[] = [];
  for await (const { event } of store.client.readStream(stream)) {
    if (event) revisions.push(Number(event.revision));
  }
  return revisions;
}

describe('a backup of the embedded event store', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posthorn-backup-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('has every event that was acknowledged before it began, and can be opened where it is restored', async () => {
    const [original, backup] = [join(folder, 'original'), join(folder, 'backup')];
    const store = await openEmbeddedEventStore({ dataDir: original });
    const append = () =>
      store.client.appendToStream('orders', jsonEvent({ type: 'placed', data: {} }));
    for (let order = 0; order < 100; order++) await append();

    const meanwhile = Promise.all(Array.from({ length: 200 }, append));
    await backUp(original, backup);
    await meanwhile;
    await store.close();
    const restored = await openEmbeddedEventStore({ dataDir: backup });
    const revisions = await revisionsOf(restored, 'orders');
    const { nextExpectedRevision } = await restored.client.appendToStream(
      'orders',
      jsonEvent({ type: 'placed', data: {} }),
    );
    await restored.close();

    expect(revisions.length).toBeGreaterThanOrEqual(100);
    expect(revisions).toEqual([...revisions.keys()]);
    expect(Number(nextExpectedRevision)).toBe(revisions.length);
  });
});
