import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent, type RecordedEvent } from '@eventstore/db-client';
import fc from 'fast-check';
import { type EventStore, openEmbeddedEventStore, StreamNames } from '../../event-store/index.js';
import { ManualClock } from '../../kernel/index.js';
import { lastDisabledGap } from './disabled-gap.js';
import { type HistorySource, LogSource, StreamSource } from './history-source.js';
import { CLOCK_MARGIN_MS, endOfLog, isReadableFrom, positionBefore } from './log-places.js';
import { lastBefore } from './stream-search.js';

let dataDir: string;
let store: EventStore;
const clock = new ManualClock();
const names = new StreamNames();
let streams = 0;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'replay-reading-'));
  store = await openEmbeddedEventStore({ dataDir, clock });
});

afterAll(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

const newStream = (): string => `stream-${++streams}`;

async function append(stream: string, count = 1, type = 'happened', data = {}): Promise<void> {
  const events = Array.from({ length: count }, () => jsonEvent({ type, data }));
  await store.client.appendToStream(stream, events);
}

async function everything(): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const { event } of store.client.readAll()) if (event) events.push(event);
  return events;
}

const positionOf = ({ position }: RecordedEvent): bigint => position?.commit ?? -1n;

describe('the last event of a stream before something', () => {
  it('is found wherever it is, also where the beginning was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 45 }),
        async (length, cut, first) => {
          const stream = newStream();
          await append(stream, length);
          if (cut > 0) await store.client.setStreamMetadata(stream, { truncateBefore: cut });

          const found = await lastBefore(
            store.client,
            stream,
            ({ revision }) => revision < BigInt(first),
          );

          const expected = Math.min(first, length) - 1;
          expect(found?.revision).toBe(
            expected >= Math.min(cut, length) ? BigInt(expected) : undefined,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is none of a stream that is not there (any more)', async () => {
    const stream = newStream();
    expect(await lastBefore(store.client, stream, () => true)).toBeUndefined();
    await append(stream, 3);
    await store.client.deleteStream(stream);
    expect(await lastBefore(store.client, stream, () => true)).toBeUndefined();
    await store.client.tombstoneStream(stream);
    expect(await lastBefore(store.client, stream, () => true)).toBeUndefined();
  });
});

describe('history', () => {
  const ONE = 'source-one';

  beforeAll(async () => {
    for (let number = 0; number < 30; number++) {
      await append(ONE, (number % 3) + 1);
      await append(`source-other-${number}`, 2);
    }
  });

  /** All pages, from `after` on. */
  async function drained(
    source: HistorySource,
    limit: number,
    after = -1n,
  ): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let cursor = after; ;) {
      const page = await source.page(cursor, limit);
      events.push(...page.events);
      expect(page.isEnd || page.last > cursor).toBe(true);
      cursor = page.last;
      if (page.isEnd) return events;
    }
  }

  it.each<[string, (range: { from: bigint; to: bigint }) => HistorySource, RegExp]>([
    ['of the log', (range) => new LogSource(store.client, range), /./],
    ['of a stream', (range) => new StreamSource(store.client, ONE, range), /^source-one$/],
  ])('%s holds each event of the range once, wherever a page begins or ends', async (...row) => {
    const [, sourceOf, isIn] = row;
    const all = await everything();
    const places = all.map(positionOf);
    const place = fc.constantFrom(...places);
    await fc.assert(
      fc.asyncProperty(
        place,
        place,
        place,
        fc.integer({ min: 1, max: 50 }),
        async (from, to, after, limit) => {
          const range = { from, to };
          const within = all.filter((event) => {
            const position = positionOf(event);
            return isIn.test(event.streamId) && position >= from && position <= to;
          });
          const ids = (events: readonly RecordedEvent[]) => events.map(({ id }) => id);

          expect(ids(await drained(sourceOf(range), limit))).toEqual(ids(within));
          const rest = within.filter((event) => positionOf(event) > after);
          expect(ids(await drained(sourceOf(range), limit, after))).toEqual(ids(rest));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('of a stream that is gone is empty', async () => {
    const stream = newStream();
    await append(stream, 3);
    const to = await endOfLog(store.client);
    await store.client.deleteStream(stream);

    const page = await new StreamSource(store.client, stream, { from: 0n, to }).page(-1n, 10);

    expect(page).toEqual({ events: [], last: to, isEnd: true });
  });
});

describe('places in the log', () => {
  it('can be read from when there is something', async () => {
    const end = await endOfLog(store.client);
    expect(await isReadableFrom(store.client, 0n)).toBe(true);
    expect(await isReadableFrom(store.client, end)).toBe(true);
    expect(await isReadableFrom(store.client, end + 1n)).toBe(false);
  });

  it('are found by time, with a margin for clocks that differ', async () => {
    const ticks = newStream();
    const placed: { readonly at: number; readonly position: bigint }[] = [];
    for (let number = 0; number < 50; number++) {
      await append(ticks);
      placed.push({ at: clock.now(), position: await endOfLog(store.client) });
      clock.advance(60_000);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60 }), async (minutes) => {
        const time = (placed[0]?.at ?? 0) + minutes * 60_000;
        const before = placed.filter(({ at }) => at < time - CLOCK_MARGIN_MS).at(-1);

        expect(await positionBefore(store.client, ticks, time)).toBe(before?.position ?? 0n);
      }),
      { numRuns: 30 },
    );
  });

  it('are looked for from the beginning while nothing tells the time', async () => {
    expect(await positionBefore(store.client, newStream(), clock.now())).toBe(0n);
  });
});

describe('the time in which a webhook was disabled', () => {
  const id = 'orders';
  let revision = -1;

  /** Something happens to the webhook, and takes effect. @returns position of its pointer */
  async function happened(type: string, webhookId = id): Promise<bigint> {
    await append(names.webhook(webhookId), 1, type);
    if (webhookId === id) revision += 1;
    const data = { v: 1, webhookId, revision: String(webhookId === id ? revision : 0) };
    await append(names.registry, 1, 'WebhookRegistryAdvanced', data);
    return endOfLog(store.client);
  }

  const gap = () => lastDisabledGap(store.client, names, id);

  it('lies between the changes that took effect', async () => {
    await happened('WebhookRegistered');
    expect(await gap()).toBeUndefined();
    await happened('WebhookDisabled');
    await happened('WebhookResumed');
    await happened('WebhookChanged');
    const after = await happened('WebhookDisabled');
    expect(await gap()).toEqual({ after, upTo: null });
    await happened('WebhookChanged');
    for (let other = 0; other < 120; other++) await happened('WebhookRegistered', `other-${other}`);
    const upTo = await happened('WebhookResumed');
    await happened('WebhookPaused');
    await happened('WebhookResumed');
    expect(await gap()).toEqual({ after, upTo });
    await happened('WebhookRemoved');
    await happened('WebhookRegistered');
    expect(await gap()).toBeUndefined();
  });
});
