import { once } from 'node:events';
import {
  binaryEvent,
  END,
  eventTypeFilter,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { eventually } from './eventually.js';
import { connected, GroupConsumer, numbersOf, retriesOf } from './group-consumer.js';
import type { GetStore } from './open-store.js';
import { linkTo, numbered, positionOf, uniqueStream } from './stream-fixtures.js';

const GROUP = 'group';

/** Where groups begin, who gets what, and what becomes of it. */
export function describeDelivery(store: GetStore): void {
  describeStarts(store);
  describeAllStarts(store);
  describeAcknowledgement(store);
  describeFlow(store);
  describeStrategies(store);
  describeLinks(store);
}

/** A group on a new stream with `count` events in it, from its beginning unless the settings say otherwise. */
async function groupOn(
  store: GetStore,
  count: number,
  settings: Partial<PersistentSubscriptionToStreamSettings> = {},
): Promise<string> {
  const stream = uniqueStream();
  const { client } = store();
  if (count > 0) await client.appendToStream(stream, numbered(count));
  await client.createPersistentSubscriptionToStream(
    stream,
    GROUP,
    streamSettings({ startFrom: START, ...settings }),
  );
  return stream;
}

/** Waits until so many messages of the group are with consumers. */
async function outstanding(store: GetStore, stream: string, count: number) {
  return eventually(
    () => store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
    ({ stats }) => stats.outstandingMessagesCount === count,
  );
}

/** Waits until so many messages of the group are parked. */
async function parked(store: GetStore, stream: string, count: number): Promise<void> {
  await eventually(
    () => store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
    ({ stats }) => stats.parkedMessageCount === BigInt(count),
  );
}

async function consumerOf(
  store: GetStore,
  stream: string,
  bufferSize = 10,
): Promise<GroupConsumer> {
  const options = { bufferSize };
  return connected(
    store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP, options),
  );
}

function describeStarts(store: GetStore): void {
  describe('a group on a stream', () => {
    it.each([
      ['at the beginning', START, [0, 1, 2, 3, 4]],
      ['at a revision, inclusive', 2n, [2, 3, 4]],
      ['at the end', END, [3, 4]],
      ['beyond the end: leaves out what comes up to there', 4n, [4]],
    ] as const)('begins %s', async (_, startFrom, expected) => {
      const stream = await groupOn(store, 3, { startFrom });
      await store().client.appendToStream(stream, numbered(2, 3));

      const consumer = await consumerOf(store, stream);

      expect(numbersOf(await consumer.handle(expected.length))).toEqual(expected);
      await consumer.leave();
    });

    it('may begin before the stream does', async () => {
      const stream = await groupOn(store, 0);
      const consumer = await consumerOf(store, stream);

      await store().client.appendToStream(stream, numbered(2));

      expect(numbersOf(await consumer.handle(2))).toEqual([0, 1]);
      await consumer.leave();
    });

    it('gives events the form they have everywhere, and how often they were handed out before', async () => {
      const stream = await groupOn(store, 1);

      const consumer = await consumerOf(store, stream);
      const [message] = await consumer.handle(1);

      expect(message).toMatchObject({
        event: { streamId: stream, revision: 0n, type: 'numbered', data: { n: 0 }, isJson: true },
        retryCount: 0,
      });
      expect(message?.link).toBeUndefined();
      expect(message?.commitPosition).toBe(message?.event?.position?.commit);
      await consumer.leave();
    });
  });
}

function describeAllStarts(store: GetStore): void {
  describe('a group on $all', () => {
    it('begins at a position, inclusive, and hands out what its filter wants', async () => {
      const prefix = uniqueStream('all');
      const { client } = store();
      await client.appendToStream(`${prefix}-a`, numbered(1));
      const startFrom = positionOf(await client.appendToStream(`${prefix}-b`, numbered(1, 1)));
      await client.appendToStream(uniqueStream(), numbered(1, 99));
      await client.appendToStream(`${prefix}-c`, numbered(1, 2));

      const filter = streamNameFilter({ prefixes: [`${prefix}-`] });
      await client.createPersistentSubscriptionToAll(prefix, allSettings({ startFrom }), {
        filter,
      });
      await client.appendToStream(`${prefix}-d`, numbered(1, 3));

      const consumer = await connected(client.subscribeToPersistentSubscriptionToAll(prefix));
      expect(numbersOf(await consumer.handle(3))).toEqual([1, 2, 3]);
      await consumer.leave();
      await client.deletePersistentSubscriptionToAll(prefix);
    });

    it('begins at the end', async () => {
      const prefix = uniqueStream('all');
      const { client } = store();
      await client.appendToStream(prefix, numbered(2));
      const filter = streamNameFilter({ prefixes: [prefix] });
      await client.createPersistentSubscriptionToAll(prefix, allSettings({ startFrom: END }), {
        filter,
      });

      await client.appendToStream(prefix, numbered(1, 2));

      const consumer = await connected(client.subscribeToPersistentSubscriptionToAll(prefix));
      expect(numbersOf(await consumer.handle(1))).toEqual([2]);
      await consumer.leave();
      await client.deletePersistentSubscriptionToAll(prefix);
    });

    it('filters by a regular expression on the type of history and live events alike', async () => {
      const type = uniqueStream('type');
      const { client } = store();
      const both = (n: number) => [...numbered(1, n, `${type}-yes`), ...numbered(1, n, 'no')];
      const startFrom = positionOf(await client.appendToStream(uniqueStream(), numbered(1)));
      await client.appendToStream(uniqueStream(), both(0));
      const filter = eventTypeFilter({ regex: `^${type}-(yes|maybe)$` });
      await client.createPersistentSubscriptionToAll(type, allSettings({ startFrom }), {
        filter,
      });
      const consumer = await connected(client.subscribeToPersistentSubscriptionToAll(type));
      await consumer.handle(1);

      await client.appendToStream(uniqueStream(), both(1));
      await consumer.handle(1);

      expect(numbersOf(consumer.messages)).toEqual([0, 1]);
      expect(consumer.messages.every(({ event }) => event?.type === `${type}-yes`)).toBe(true);
      await consumer.leave();
      await client.deletePersistentSubscriptionToAll(type);
    });
  });
}

function describeAcknowledgement(store: GetStore): void {
  describe('a message', () => {
    it('is not handed out again once it is acknowledged', async () => {
      const stream = await groupOn(store, 3);
      const first = await consumerOf(store, stream);
      const messages = await first.take(3);
      await first.ack(messages.slice(0, 2));
      await outstanding(store, stream, 1);
      await first.leave();

      const second = await consumerOf(store, stream);

      expect(numbersOf(await second.handle(1))).toEqual([2]);
      await second.leave();
    });

    it('comes again when its consumer asks for a retry', async () => {
      const stream = await groupOn(store, 1);
      const consumer = await consumerOf(store, stream);

      await consumer.nack('retry', await consumer.take(1));
      await consumer.nack('retry', await consumer.take(1));
      await consumer.handle(1);

      expect(retriesOf(consumer.messages)).toEqual([0, 1, 2]);
      await consumer.leave();
    });

    it.each(['skip', 'stop'] as const)('is done after %s', async (action) => {
      const stream = await groupOn(store, 2);
      const consumer = await consumerOf(store, stream, 1);

      await consumer.nack(action, await consumer.take(1));

      expect(numbersOf(await consumer.take(1))).toEqual([1]);
      const { stats } = await outstanding(store, stream, 1);
      expect(stats.parkedMessageCount).toBe(0n);
      await consumer.leave();
    });

    it('is parked when its consumer asked for a retry as often as the group allows', async () => {
      const stream = await groupOn(store, 1, { maxRetryCount: 2 });
      const consumer = await consumerOf(store, stream);

      for (let time = 0; time < 3; time++) await consumer.nack('retry', await consumer.take(1));

      await parked(store, stream, 1);
      expect(retriesOf(consumer.messages)).toEqual([0, 1, 2]);
      await consumer.leave();
    });

    it('comes again when it was not acknowledged in time', async () => {
      const stream = await groupOn(store, 1, { messageTimeout: 500 });
      const consumer = await consumerOf(store, stream);

      const messages = await consumer.take(2);

      expect(retriesOf(messages)).toEqual([0, 1]);
      await consumer.leave();
    });

    it('is parked when its time was over as often as the group allows', async () => {
      const stream = await groupOn(store, 1, { messageTimeout: 500, maxRetryCount: 1 });
      const consumer = await consumerOf(store, stream);
      await consumer.take(2);

      await parked(store, stream, 1);

      expect((await outstanding(store, stream, 0)).stats.parkedMessageCount).toBe(1n);
      await consumer.leave();
    });

    it('goes to another consumer when its own leaves, and counts as retried', async () => {
      const stream = await groupOn(store, 3);
      const first = await consumerOf(store, stream);
      await first.take(3);

      await first.leave();
      const second = await consumerOf(store, stream);

      const messages = await second.handle(3);
      expect(numbersOf(messages)).toEqual([0, 1, 2]);
      expect(retriesOf(messages)).toEqual([1, 1, 1]);
      await second.leave();
    });
  });
}

function describeFlow(store: GetStore): void {
  describe('a consumer', () => {
    it('holds no more messages than its buffer has room for', async () => {
      const stream = await groupOn(store, 20);
      const consumer = await consumerOf(store, stream, 3);
      const held = await consumer.take(3);

      await eventually(
        () => connections(stream),
        ([connection]) => connection?.availableSlots === 0 && connection.inFlightMessages === 3,
      );
      expect(consumer.messages).toHaveLength(3);

      await consumer.ack(held.slice(0, 1));
      expect(numbersOf(await consumer.take(1))).toEqual([3]);
      await consumer.leave();
    });

    it('that does not read is not given more meanwhile', async () => {
      const stream = await groupOn(store, 50);
      const options = { bufferSize: 4 };
      const subscription = store().client.subscribeToPersistentSubscriptionToStream(
        stream,
        GROUP,
        options,
      );
      await once(subscription, 'confirmation');
      await eventually(
        () => connections(stream),
        ([connection]) => connection?.inFlightMessages === 4,
      );
      expect(subscription.readableLength).toBeLessThanOrEqual(4);

      const consumer = new GroupConsumer(subscription);

      expect(numbersOf(await consumer.handle(50))).toEqual(Array.from({ length: 50 }, (_, n) => n));
      await consumer.leave();
    });

    it('gets a backlog far larger than the group keeps in memory, in order, and then what is new', async () => {
      const settings = { historyBufferSize: 20, readBatchSize: 10, liveBufferSize: 10 };
      const stream = await groupOn(store, 300, settings);
      const consumer = await consumerOf(store, stream, 5);

      const history = await consumer.handle(150);
      await store().client.appendToStream(stream, numbered(100, 300));
      const rest = await consumer.handle(250);

      expect(numbersOf([...history, ...rest])).toEqual(Array.from({ length: 400 }, (_, n) => n));
      expect(consumer.messages.every(({ retryCount }) => retryCount === 0)).toBe(true);
      await consumer.leave();
    });

    it('is given events of almost a mebibyte', async () => {
      const stream = await groupOn(store, 0);
      const data = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
      const events = [0, 1, 2].map(() => binaryEvent({ type: 'large', data }));
      const consumer = await consumerOf(store, stream);

      for (const event of events) await store().client.appendToStream(stream, event);
      const messages = await consumer.handle(3);

      expect(messages.map(({ event }) => event?.id)).toEqual(events.map(({ id }) => id));
      for (const { event } of messages) {
        expect(Buffer.compare(event?.data as Uint8Array, data)).toBe(0);
      }
      await consumer.leave();
    });

    it('may iterate over its messages, until it unsubscribes', async () => {
      const stream = await groupOn(store, 3);
      const subscription = store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP);
      const seen: unknown[] = [];

      for await (const message of subscription) {
        seen.push(message.event?.revision);
        await subscription.ack(message);
        if (seen.length === 3) await subscription.unsubscribe();
      }

      expect(seen).toEqual([0n, 1n, 2n]);
    });
  });

  async function connections(stream: string) {
    const info = await store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
    return info.connections;
  }
}

function describeStrategies(store: GetStore): void {
  describe('consumers of one group', () => {
    it('get messages in turn with RoundRobin', async () => {
      const stream = await groupOn(store, 0, { consumerStrategyName: 'RoundRobin' });
      const [one, other] = [await consumerOf(store, stream), await consumerOf(store, stream)];

      await store().client.appendToStream(stream, numbered(6));
      const shares = [await one.take(3), await other.take(3)].map(numbersOf);

      expect(shares).toContainEqual([0, 2, 4]);
      expect(shares).toContainEqual([1, 3, 5]);
      await Promise.all([one.leave(), other.leave()]);
    });

    it('get messages one after the other with DispatchToSingle, as each is full', async () => {
      const stream = await groupOn(store, 0, { consumerStrategyName: 'DispatchToSingle' });
      const [one, other] = [await consumerOf(store, stream, 3), await consumerOf(store, stream, 3)];

      await store().client.appendToStream(stream, numbered(6));
      const shares = [await one.take(3), await other.take(3)].map(numbersOf);

      expect(shares).toContainEqual([0, 1, 2]);
      expect(shares).toContainEqual([3, 4, 5]);
      await Promise.all([one.leave(), other.leave()]);
    });

    it('each get the same streams again and again with Pinned', async () => {
      const prefix = uniqueStream('pinned');
      const { client } = store();
      const settings = allSettings({ startFrom: END, consumerStrategyName: 'Pinned' });
      const filter = streamNameFilter({ prefixes: [`${prefix}-`] });
      await client.createPersistentSubscriptionToAll(prefix, settings, { filter });
      const options = { bufferSize: 100 };
      const consumers = [
        await connected(client.subscribeToPersistentSubscriptionToAll(prefix, options)),
        await connected(client.subscribeToPersistentSubscriptionToAll(prefix, options)),
      ];

      for (let round = 0; round < 5; round++) {
        for (let stream = 0; stream < 8; stream++) {
          await client.appendToStream(`${prefix}-${stream}`, numbered(1, round));
        }
      }
      await eventually(
        () => client.getPersistentSubscriptionToAllInfo(prefix),
        ({ stats }) => stats.outstandingMessagesCount === 40,
      );
      await eventually(
        () => Promise.resolve(consumers.map(({ messages }) => messages.length)),
        (counts) => counts.reduce((sum, count) => sum + count, 0) === 40,
      );

      const streams = consumers.map(
        ({ messages }) => new Set(messages.map(({ event }) => event?.streamId)),
      );
      const [one = new Set(), other = new Set()] = streams;
      expect(one.size + other.size).toBe(8);
      expect([...one].filter((stream) => other.has(stream))).toEqual([]);
      expect(Math.min(one.size, other.size)).toBeGreaterThan(0);
      await Promise.all(consumers.map((consumer) => consumer.leave()));
      await client.deletePersistentSubscriptionToAll(prefix);
    });
  });
}

function describeLinks(store: GetStore): void {
  describe('a group on a stream of links', () => {
    it('gives the events they point at, live and from history, when it resolves links', async () => {
      const { client } = store();
      const target = uniqueStream();
      const stream = await groupOn(store, 0, { resolveLinkTos: true });
      await client.appendToStream(target, numbered(2));
      await client.appendToStream(stream, [linkTo(target, 0)]);
      const consumer = await consumerOf(store, stream);
      const history = await consumer.handle(1);

      await client.appendToStream(stream, [linkTo(target, 1), ...numbered(1, 2)]);
      const live = await consumer.handle(2);

      expect(numbersOf([...history, ...live])).toEqual([0, 1, 2]);
      expect(history[0]?.link).toMatchObject({ streamId: stream, revision: 0n, type: '$>' });
      expect(history[0]?.event).toMatchObject({ streamId: target, revision: 0n });
      expect(live[0]?.link).toMatchObject({ streamId: stream, revision: 1n });
      expect(live[1]?.link).toBeUndefined();
      await consumer.leave();
    });

    it('gives a link alone when what it points at is gone', async () => {
      const stream = await groupOn(store, 0, { resolveLinkTos: true });
      await store().client.appendToStream(stream, [linkTo(uniqueStream(), 5)]);
      const consumer = await consumerOf(store, stream);

      const [message] = await consumer.handle(1);

      expect(message?.event).toBeUndefined();
      expect(message?.link).toMatchObject({ streamId: stream, type: '$>' });
      await consumer.leave();
    });

    it('gives the links themselves when it does not', async () => {
      const stream = await groupOn(store, 0);
      await store().client.appendToStream(stream, [linkTo(uniqueStream(), 5)]);
      const consumer = await consumerOf(store, stream);

      const [message] = await consumer.handle(1);

      expect(message?.event).toMatchObject({ streamId: stream, type: '$>' });
      expect(message?.link).toBeUndefined();
      await consumer.leave();
    });
  });
}
