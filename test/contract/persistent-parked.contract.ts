import {
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionFailedError,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { eventually } from './eventually.js';
import { connected, type GroupConsumer, numbersOf, retriesOf } from './group-consumer.js';
import type { GetStore } from './open-store.js';
import { all, numbered, positionOf, rejection, uniqueStream } from './stream-fixtures.js';

const GROUP = 'group';

/** Messages that are set aside, and handed out again. */
export function describeParkedMessages(store: GetStore): void {
  /** A group on a new stream whose `count` events are all parked, and its consumer. */
  async function withParked(count: number): Promise<{ stream: string; consumer: GroupConsumer }> {
    const stream = uniqueStream();
    const { client } = store();
    await client.appendToStream(stream, numbered(count));
    const settings = streamSettings({ startFrom: START, maxRetryCount: 0 });
    await client.createPersistentSubscriptionToStream(stream, GROUP, settings);
    const consumer = await connected(
      client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
    );
    await consumer.nack('park', await consumer.take(count));
    await parkedCount(stream, count);
    return { stream, consumer };
  }

  async function parkedCount(stream: string, count: number): Promise<void> {
    await eventually(
      () => store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
      ({ stats }) => stats.parkedMessageCount === BigInt(count),
    );
  }

  describe('parked messages', () => {
    it('are links to the events, with why they were parked', async () => {
      const { stream, consumer } = await withParked(2);

      const parked = await all(
        store().client.readStream(`$persistentsubscription-${stream}::${GROUP}-parked`),
      );

      expect(parked[1]?.event).toMatchObject({
        type: '$>',
        metadata: {
          reason: expect.stringContaining('not now') as string,
          subscriptionEventNumber: 1,
        },
      });
      const links = parked.map(({ event }) => Buffer.from(event?.data as Uint8Array).toString());
      expect(links).toEqual([`0@${stream}`, `1@${stream}`]);
      await consumer.leave();
    });

    it('come again when they are replayed, as if for the first time', async () => {
      const { stream, consumer } = await withParked(3);

      await store().client.replayParkedMessagesToStream(stream, GROUP);

      const replayed = await consumer.handle(3);
      expect(numbersOf(replayed)).toEqual([0, 1, 2]);
      expect(retriesOf(replayed)).toEqual([0, 0, 0]);
      expect(replayed[0]?.link?.streamId).toBe(
        `$persistentsubscription-${stream}::${GROUP}-parked`,
      );
      await parkedCount(stream, 0);
      await consumer.leave();
    });

    it('come again only up to where the replay is told to stop', async () => {
      const { stream, consumer } = await withParked(5);

      await store().client.replayParkedMessagesToStream(stream, GROUP, { stopAt: 2 });
      expect(numbersOf(await consumer.handle(2))).toEqual([0, 1]);
      await parkedCount(stream, 3);

      await store().client.replayParkedMessagesToStream(stream, GROUP);
      expect(numbersOf(await consumer.handle(3))).toEqual([2, 3, 4]);
      await consumer.leave();
    });

    it('are parked again when they fail again', async () => {
      const { stream, consumer } = await withParked(1);
      await store().client.replayParkedMessagesToStream(stream, GROUP);
      const replayed = await consumer.take(1);
      await parkedCount(stream, 0);

      await consumer.nack('retry', replayed);

      await parkedCount(stream, 1);
      await store().client.replayParkedMessagesToStream(stream, GROUP);
      expect(numbersOf(await consumer.handle(1))).toEqual([0]);
      await consumer.leave();
    });

    it('of a group on $all come again as the events of their streams', async () => {
      const { client } = store();
      const group = uniqueStream('all');
      const startFrom = positionOf(await client.appendToStream(`${group}-a`, numbered(1)));
      await client.appendToStream(`${group}-b`, numbered(1, 1));
      const filter = streamNameFilter({ prefixes: [`${group}-`] });
      await client.createPersistentSubscriptionToAll(group, allSettings({ startFrom }), { filter });
      const consumer = await connected(client.subscribeToPersistentSubscriptionToAll(group));
      await consumer.nack('park', await consumer.take(2));
      await eventually(
        () => client.getPersistentSubscriptionToAllInfo(group),
        ({ stats }) => stats.parkedMessageCount === 2n,
      );

      await client.replayParkedMessagesToAll(group);

      const replayed = await consumer.handle(2);
      expect(numbersOf(replayed)).toEqual([0, 1]);
      expect(replayed.map(({ event }) => event?.streamId)).toEqual([`${group}-a`, `${group}-b`]);
      await consumer.leave();
      await client.deletePersistentSubscriptionToAll(group);
    });

    it('cannot be replayed up to a negative revision', async () => {
      const { stream, consumer } = await withParked(1);

      const error = await rejection(
        store().client.replayParkedMessagesToStream(stream, GROUP, { stopAt: -1n }),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionFailedError);
      await consumer.leave();
    });

    it('cannot be replayed without a group', async () => {
      const error = await rejection(
        store().client.replayParkedMessagesToAll(uniqueStream('group')),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    });
  });
}
