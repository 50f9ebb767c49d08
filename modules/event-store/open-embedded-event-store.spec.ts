import { once } from 'node:events';
import {
  binaryEvent,
  DeadlineExceededError,
  InvalidArgumentError,
  jsonEvent,
  type ResolvedEvent,
  UnavailableError,
} from '@eventstore/db-client';
import { temporaryFolder } from '../../test/support/embedded-log-fixtures.js';
import { ManualClock } from '../kernel/index.js';
import { type EmbeddedEventStore, openEmbeddedEventStore } from './open-embedded-event-store.js';

const event = (data: Record<string, unknown> = { a: 1 }) =>
  jsonEvent({ type: 'thing-happened', data });

describe('openEmbeddedEventStore', () => {
  const folder = temporaryFolder();
  const clock = new ManualClock(Date.UTC(2030, 0, 1));
  let store: EmbeddedEventStore;
  beforeEach(async () => {
    store = await openEmbeddedEventStore({ dataDir: folder(), clock });
  });
  afterEach(async () => {
    await store.close();
  });

  it('is exclusive, and its filtered groups lose nothing', () => {
    expect(store.capabilities).toEqual({ hasSafeServerSideFilter: true, isExclusive: true });
  });

  it('stamps events with its own clock, and lets them expire by it', async () => {
    await store.client.setStreamMetadata('s', { maxAge: 60 });
    await store.client.appendToStream('s', event());
    await store.client.appendToStream('links', linkTo('s'));

    const [before] = await readAll(store);
    const [linkBefore] = await readAll(store, 'links');
    clock.advance(60_001);
    const after = await readAll(store);
    const [linkAfter] = await readAll(store, 'links');

    expect(before?.event?.created).toEqual(new Date('2030-01-01T00:00:00.000Z'));
    expect(after).toEqual([]);
    expect(linkBefore?.event?.streamId).toBe('s');
    expect(linkAfter?.event).toBeUndefined();
    expect(linkAfter?.link?.streamId).toBe('links');
  });

  it('keeps what was appended as it was, whatever becomes of the objects of the caller', async () => {
    const seen: unknown[] = [];
    const subscription = store.client.subscribeToStream('s');
    subscription.on('data', ({ event: recorded }) => {
      seen.push(structuredClone(recorded?.data));
      (recorded?.data as { a: number }).a = 99;
    });
    await once(subscription as never, 'caughtUp');
    const bytes = Buffer.from([1, 2, 3]);
    const appended = event({ a: 1 });

    const appending = store.client.appendToStream('s', [
      appended,
      { ...appended, contentType: 'application/octet-stream', data: bytes } as never,
    ]);
    (appended.data as { a: number }).a = 2;
    bytes.fill(0);
    await appending;

    const read = (await readAll(store)).map((one) => one.event?.data);
    expect(read).toEqual([{ a: 1 }, Uint8Array.from([1, 2, 3])]);
    expect(seen).toEqual(read);
  });

  it.each([
    ['data that has no JSON', { ...event(), data: (() => 1) as never }],
    ['data that refers to itself', { ...event(), data: selfReferring() }],
    ['data with a bigint', event({ a: 1n })],
    [
      'binary data that is not bytes',
      { ...event(), contentType: 'application/octet-stream' } as never,
    ],
  ])('refuses an event with %s', async (_, bad) => {
    await expect(store.client.appendToStream('s', bad)).rejects.toThrow(InvalidArgumentError);
  });

  it('refuses to append to $all', async () => {
    await expect(store.client.appendToStream('$all', event())).rejects.toThrow(
      InvalidArgumentError,
    );
  });

  it('refuses a subscription with a filter that is no regular expression', () => {
    const filter = { filterOn: 'eventType', regex: '(', checkpointInterval: 1 } as const;

    expect(() => store.client.subscribeToAll({ filter })).toThrow(InvalidArgumentError);
  });

  it('gives an append up at its deadline, where there is one', async () => {
    const appending = store.client.appendToStream('s', event(), { deadline: 100 });
    const deletion = store.client.deleteStream('s', { deadline: 100 });

    clock.advance(100);

    await expect(appending).rejects.toThrow(DeadlineExceededError);
    await expect(deletion).rejects.toThrow(DeadlineExceededError);
    expect(clock.pendingTimers).toBe(1); // the one of the persistent subscriptions
  });

  it('ends subscriptions when it is closed, and refuses everything after that', async () => {
    const subscription = store.client.subscribeToAll();
    const ended = once(subscription as never, 'end');
    subscription.resume();

    await store.close();
    await ended;

    await expect(store.client.appendToStream('s', event())).rejects.toThrow(UnavailableError);
    await expect(readAll(store)).rejects.toThrow(UnavailableError);
    await expect(store.scavenge()).rejects.toThrow(UnavailableError);
  });

  it('scavenges, and tells what it has done', async () => {
    const { client } = store;
    for (let n = 0; n < 5; n++) await client.appendToStream('s', event());
    await client.tombstoneStream('s');

    expect(await store.scavenge()).toMatchObject({ eventsRemoved: 5 });
    expect(store.stats()).toMatchObject({ head: 6, requestsWaiting: 0, bytesWaiting: 0 });
  });

  it('has calls that can be passed around like functions', async () => {
    const { appendToStream, getStreamMetadata } = store.client;

    await appendToStream('s', event());

    expect(await getStreamMetadata('s')).toEqual({ streamName: 's' });
  });
});

async function readAll({ client }: EmbeddedEventStore, stream = 's'): Promise<ResolvedEvent[]> {
  const events: ResolvedEvent[] = [];
  for await (const one of client.readStream(stream, { resolveLinkTos: true })) events.push(one);
  return events;
}

function linkTo(stream: string) {
  return binaryEvent({ type: '$>', data: Buffer.from(`0@${stream}`) });
}

function selfReferring(): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  data['self'] = data;
  return data;
}
