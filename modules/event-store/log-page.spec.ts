import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { readLogPage } from './log-page.js';
import { type EmbeddedEventStore, openEmbeddedEventStore } from './open-embedded-event-store.js';

describe('a range of the log, page by page', () => {
  let dataDir: string;
  let store: EmbeddedEventStore;
  const positions: bigint[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'log-page-'));
    store = await openEmbeddedEventStore({ dataDir });
    for (let number = 0; number < 10; number++) {
      const event = jsonEvent({ id: randomUUID(), type: 'counted', data: { number } });
      const { position } = await store.client.appendToStream('numbers', event);
      positions.push(position?.commit ?? -1n);
    }
  });
  afterAll(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  const at = (index: number): bigint => positions[index] ?? -1n;

  /** The numbers of each page. */
  async function pages(from: bigint, upTo: bigint, limit = 3): Promise<number[][]> {
    const found: number[][] = [];
    for (let after = -1n; ;) {
      const page = await readLogPage(store.client, { from, after, upTo, limit });
      found.push(page.events.map(({ data }) => (data as unknown as { number: number }).number));
      if (page.isEnd) return found;
      after = page.last;
    }
  }

  it('gives every record of the range once, the first and the last included', async () => {
    expect((await pages(0n, at(9))).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await pages(at(2), at(6))).flat()).toEqual([2, 3, 4, 5, 6]);
    expect((await pages(at(4), at(4))).flat()).toEqual([4]);
  });

  it('tells the end of a range that holds nothing', async () => {
    expect(await pages(at(5), at(4))).toEqual([[]]);
  });

  it('never takes the end of what is shown for the end of the range', async () => {
    const beyond = at(9) + 1_000n;

    const page = await readLogPage(store.client, {
      from: 0n,
      after: at(9),
      upTo: beyond,
      limit: 3,
    });

    expect(page).toEqual({ events: [], last: at(9), isEnd: false });
  });

  it('tells the end when a record above the range was seen', async () => {
    const between = at(9) - 1n;

    const page = await readLogPage(store.client, {
      from: at(8),
      after: -1n,
      upTo: between,
      limit: 9,
    });

    expect(page).toMatchObject({ last: between, isEnd: true });
  });
});
