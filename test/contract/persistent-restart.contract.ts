import {
  PersistentSubscriptionDroppedError,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { eventually } from './eventually.js';
import { connected, type GroupConsumer, numbersOf, retriesOf } from './group-consumer.js';
import type { GetRestartableStore, GetStore } from './open-store.js';
import { numbered, positionOf, uniqueStream } from './stream-fixtures.js';

const GROUP = 'group';

const promptCheckpoints = { checkPointLowerBound: 1, checkPointUpperBound: 1 };

/** A group on a new stream of ten events, of which the first four were handled and are below the checkpoint. */
async function halfDone(
  store: GetStore,
  settings: Partial<PersistentSubscriptionToStreamSettings> = {},
): Promise<string> {
  const stream = uniqueStream();
  const { client } = store();
  await client.appendToStream(stream, numbered(10));
  await client.createPersistentSubscriptionToStream(
    stream,
    GROUP,
    streamSettings({ startFrom: START, ...promptCheckpoints, ...settings }),
  );
  const consumer = await connected(
    client.subscribeToPersistentSubscriptionToStream(stream, GROUP, { bufferSize: 1 }),
  );
  await consumer.handle(4);
  await eventually(
    () => client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
    ({ stats }) => stats.lastCheckpointedEventRevision === 3n,
  );
  await consumer.leave();
  return stream;
}

async function rest(store: GetStore, stream: string) {
  const consumer = await connected(
    store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
  );
  const messages = await consumer.handle(6);
  await consumer.leave();
  return messages;
}

/** What survives the restart of the subsystem. */
export function describeSubsystemRestarts(store: GetStore): void {
  describe('after a restart of the subsystem', () => {
    it('consumers are dropped, and groups go on where they left off', async () => {
      const stream = await halfDone(store);
      const consumer = await connected(
        store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );

      await store().client.restartPersistentSubscriptionSubsystem();

      expect(await consumer.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
      await eventually(
        // while the subsystem starts, a server may refuse to answer
        () =>
          store()
            .client.listAllPersistentSubscriptions()
            .catch(() => []),
        (groups) => groups.some(({ eventSource }) => eventSource === stream),
      );
      expect(numbersOf(await rest(store, stream))).toEqual([4, 5, 6, 7, 8, 9]);
    });
  });
}

/** What survives the restart of the whole store. */
export function describeStoreRestarts(store: GetRestartableStore): void {
  describe('after a restart of the store', () => {
    it('a group on a stream goes on after its checkpoint, with no retries counted', async () => {
      const stream = await halfDone(store);

      await store().restart();

      const messages = await rest(store, stream);
      expect(numbersOf(messages)).toEqual([4, 5, 6, 7, 8, 9]);
      expect(retriesOf(messages)).toEqual([0, 0, 0, 0, 0, 0]);
    });

    it('a group keeps its settings', async () => {
      const stream = await halfDone(store, { maxRetryCount: 3, consumerStrategyName: 'Pinned' });
      const before = await store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP);

      await store().restart();

      const after = await store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
      expect(after.settings).toEqual(before.settings);
      expect(after.stats.lastCheckpointedEventRevision).toBe(3n);
    });

    it('a group keeps its parked messages', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.appendToStream(stream, numbered(2));
      const settings = streamSettings({ startFrom: START, ...promptCheckpoints });
      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);
      const consumer = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      await consumer.nack('park', await consumer.take(2));
      await eventually(
        () => client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
        ({ stats }) =>
          stats.parkedMessageCount === 2n && stats.lastCheckpointedEventRevision === 1n,
      );
      await consumer.leave();

      await store().restart();
      await store().client.replayParkedMessagesToStream(stream, GROUP);

      const later = await connected(
        store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      expect(numbersOf(await later.handle(2))).toEqual([0, 1]);
      await later.leave();
    });

    it('a filtered group on $all goes on after its checkpoint', async () => {
      const prefix = uniqueStream('all');
      const { client } = store();
      const settings = allSettings({ startFrom: START, ...promptCheckpoints });
      const filter = streamNameFilter({ prefixes: [prefix] });
      await client.createPersistentSubscriptionToAll(prefix, settings, { filter });
      const { position } = await client.appendToStream(prefix, numbered(3));
      const consumer = await connected(
        client.subscribeToPersistentSubscriptionToAll(prefix, { bufferSize: 1 }),
      );
      await consumer.handle(3);
      await eventually(
        () => client.getPersistentSubscriptionToAllInfo(prefix),
        ({ stats }) =>
          (stats.lastCheckpointedEventPosition?.commit ?? 0n) >= (position?.commit ?? 0n),
      );
      await consumer.leave();
      await client.appendToStream(prefix, numbered(2, 3));

      await store().restart();

      const later = await connected(store().client.subscribeToPersistentSubscriptionToAll(prefix));
      expect(numbersOf(await later.handle(2))).toEqual([3, 4]);
      await later.leave();
      await store().client.deletePersistentSubscriptionToAll(prefix);
    });

    it('nothing of a backlog is lost, however much of what came meanwhile was filtered out', async () => {
      const prefix = uniqueStream('backlog');
      const { client } = store();
      const wanted = (from: number, count: number) =>
        client.appendToStream(`${prefix}-${from % 3}`, numbered(count, from));
      const unwanted = () => client.appendToStream(uniqueStream('unwanted'), numbered(100));
      const startFrom = positionOf(await client.appendToStream(uniqueStream(), numbered(1)));
      const small = { historyBufferSize: 20, readBatchSize: 10, liveBufferSize: 10 };
      await client.createPersistentSubscriptionToAll(
        prefix,
        allSettings({ startFrom, ...small, checkPointLowerBound: 1, checkPointUpperBound: 5 }),
        { filter: streamNameFilter({ prefixes: [`${prefix}-`] }) },
      );
      const consumers = [await slowConsumer(store, prefix), await slowConsumer(store, prefix)];
      const handled = new Set<unknown>();

      for (let from = 0; from < 300; from += 50) {
        await wanted(from, 50);
        await unwanted();
        for (const consumer of consumers) {
          for (const n of numbersOf(await consumer.handle(3))) handled.add(n);
          await unwanted();
        }
      }
      await store().restart();
      const later = await connected(
        store().client.subscribeToPersistentSubscriptionToAll(prefix, { bufferSize: 50 }),
      );
      while (handled.size < 300) for (const n of numbersOf(await later.handle(1))) handled.add(n);
      await later.leave();

      expect([...handled].sort((a, b) => Number(a) - Number(b))).toEqual(
        Array.from({ length: 300 }, (_, n) => n),
      );
      await store().client.deletePersistentSubscriptionToAll(prefix);
    });
  });
}

/** A consumer that holds two messages at a time. */
async function slowConsumer(store: GetStore, group: string): Promise<GroupConsumer> {
  const options = { bufferSize: 2 };
  return connected(store().client.subscribeToPersistentSubscriptionToAll(group, options));
}
