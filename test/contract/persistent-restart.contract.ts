import {
  PersistentSubscriptionDroppedError,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { connected, eventually, numbersOf, retriesOf } from './group-consumer.js';
import type { GetStore } from './open-store.js';
import { numbered, uniqueStream } from './stream-fixtures.js';

const GROUP = 'group';

/** What survives the restart of the subsystem, and of the whole store. */
export function describeRestarts(store: GetStore): void {
  const promptCheckpoints = { checkPointLowerBound: 1, checkPointUpperBound: 1 };

  /** A group on a new stream of ten events, of which the first four were handled and are below the checkpoint. */
  async function halfDone(
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

  async function rest(stream: string) {
    const consumer = await connected(
      store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
    );
    const messages = await consumer.handle(6);
    await consumer.leave();
    return messages;
  }

  describe('after a restart of the subsystem', () => {
    it('consumers are dropped, and groups go on where they left off', async () => {
      const stream = await halfDone();
      const consumer = await connected(
        store().client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );

      await store().client.restartPersistentSubscriptionSubsystem();

      expect(await consumer.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
      await eventually(
        () => store().client.listAllPersistentSubscriptions(),
        (groups) => groups.some(({ eventSource }) => eventSource === stream),
      );
      expect(numbersOf(await rest(stream))).toEqual([4, 5, 6, 7, 8, 9]);
    });
  });

  describe('after a restart of the store', () => {
    it('a group on a stream goes on after its checkpoint, with no retries counted', async () => {
      const stream = await halfDone();

      await store().restart();

      const messages = await rest(stream);
      expect(numbersOf(messages)).toEqual([4, 5, 6, 7, 8, 9]);
      expect(retriesOf(messages)).toEqual([0, 0, 0, 0, 0, 0]);
    });

    it('a group keeps its settings', async () => {
      const stream = await halfDone({ maxRetryCount: 3, consumerStrategyName: 'Pinned' });
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
  });
}
