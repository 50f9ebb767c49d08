import {
  END,
  eventTypeFilter,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
} from '@eventstore/db-client';
import { eventually } from './eventually.js';
import { connected, GroupConsumer } from './group-consumer.js';
import type { GetStore } from './open-store.js';
import { numbered, positionOf, rejection, uniqueStream } from './stream-fixtures.js';

const GROUP = 'group';

/** Creating, changing, deleting and describing groups. */
export function describeGroups(store: GetStore): void {
  describeCreation(store);
  describeUpdates(store);
  describeDeletions(store);
  describeDescriptions(store);
  describeConnecting(store);
}

function describeCreation(store: GetStore): void {
  describe('creating a group', () => {
    it('makes it known with the settings it was given', async () => {
      const stream = uniqueStream();
      const settings: PersistentSubscriptionToStreamSettings = {
        resolveLinkTos: true,
        extraStatistics: true,
        messageTimeout: 12_345,
        maxRetryCount: 7,
        checkPointAfter: 1_234,
        checkPointLowerBound: 3,
        checkPointUpperBound: 30,
        maxSubscriberCount: 5,
        liveBufferSize: 50,
        readBatchSize: 15,
        historyBufferSize: 60,
        consumerStrategyName: 'Pinned',
        startFrom: 3n,
      };

      await store().client.createPersistentSubscriptionToStream(stream, GROUP, settings);

      const info = await store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
      expect(info).toMatchObject({ eventSource: stream, groupName: GROUP, settings });
      expect(info.connections).toEqual([]);
    });

    it('works for $all, with a filter', async () => {
      const group = uniqueStream('group');
      const settings = allSettings({ startFrom: START, maxSubscriberCount: 'unbounded' });
      const filter = eventTypeFilter({ prefixes: ['never-'] });

      await store().client.createPersistentSubscriptionToAll(group, settings, { filter });

      const info = await store().client.getPersistentSubscriptionToAllInfo(group);
      expect(info).toMatchObject({ eventSource: '$all', groupName: group, settings });
      await store().client.deletePersistentSubscriptionToAll(group);
    });

    it('is refused when it exists', async () => {
      const stream = uniqueStream();
      await store().client.createPersistentSubscriptionToStream(stream, GROUP, streamSettings());

      const error = await rejection(
        store().client.createPersistentSubscriptionToStream(stream, GROUP, streamSettings()),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionExistsError);
      expect(error).toMatchObject({ streamName: stream, groupName: GROUP });
    });

    it.each([
      ['a stream without a name', '', {}, /Bad stream name/],
      ['$all as if it were a stream', '$all', {}, /\$all/],
      ['a batch that fills the buffer', uniqueStream(), { readBatchSize: 500 }, /ReadBatchSize/],
    ])('is refused for %s', async (_, stream, changes, reason) => {
      const error = await rejection(
        store().client.createPersistentSubscriptionToStream(
          stream,
          GROUP,
          streamSettings({ startFrom: START, ...changes }),
        ),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionFailedError);
      expect(error).toMatchObject({ streamName: stream, groupName: GROUP });
      expect((error as PersistentSubscriptionFailedError).reason).toMatch(reason);
    });

    it.each([
      ['a position beyond the log', { commit: 2n ** 62n, prepare: 2n ** 62n }],
      ['a prepare position after the commit position', { commit: 1n, prepare: 2n }],
    ])('is refused for %s', async (_, startFrom) => {
      const error = await rejection(
        store().client.createPersistentSubscriptionToAll(
          uniqueStream('group'),
          allSettings({ startFrom }),
        ),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionFailedError);
      expect((error as PersistentSubscriptionFailedError).reason).toMatch(
        /^Invalid Start From position/,
      );
    });
  });
}

function describeUpdates(store: GetStore): void {
  describe('updating a group', () => {
    it('is refused when there is none', async () => {
      const stream = uniqueStream();

      const error = await rejection(
        store().client.updatePersistentSubscriptionToStream(stream, GROUP, streamSettings()),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
      expect(error).toMatchObject({ streamName: stream, groupName: GROUP });
    });

    it('drops its consumers, and hands out again what no checkpoint holds', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.appendToStream(stream, numbered(3));
      const settings = streamSettings({ startFrom: START });
      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);
      const before = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      await before.handle(3);

      const changed = { ...settings, maxRetryCount: 3 };
      await client.updatePersistentSubscriptionToStream(stream, GROUP, changed);

      const error = await before.failure();
      expect(error).toBeInstanceOf(PersistentSubscriptionDroppedError);
      expect(error).toMatchObject({ streamName: stream, groupName: GROUP });
      const info = await client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
      expect(info.settings).toEqual(changed);
      const after = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      const messages = await after.take(3);
      expect(messages.map(({ event }) => event?.revision)).toEqual([0n, 1n, 2n]);
      await after.leave();
    });

    it('keeps the filter of a group on $all', async () => {
      const prefix = uniqueStream('filter');
      const { client } = store();
      const startFrom = positionOf(await client.appendToStream(uniqueStream(), numbered(1)));
      const settings = allSettings({ startFrom });
      const filter = { filter: eventTypeFilter({ prefixes: [prefix] }) };
      await client.createPersistentSubscriptionToAll(prefix, settings, filter);

      await client.updatePersistentSubscriptionToAll(prefix, { ...settings, maxRetryCount: 1 });
      await client.appendToStream(uniqueStream(), [
        ...numbered(1),
        ...numbered(1, 1, `${prefix}-wanted`),
      ]);

      const consumer = await connected(client.subscribeToPersistentSubscriptionToAll(prefix));
      const [message] = await consumer.handle(1);
      expect(message?.event?.type).toBe(`${prefix}-wanted`);
      await consumer.leave();
      await client.deletePersistentSubscriptionToAll(prefix);
    });
  });
}

function describeDeletions(store: GetStore): void {
  describe('deleting a group', () => {
    it('is refused when there is none', async () => {
      const error = await rejection(
        store().client.deletePersistentSubscriptionToAll(uniqueStream('group')),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    });

    it('drops its consumers, and lets nobody connect any more', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.createPersistentSubscriptionToStream(stream, GROUP, streamSettings());
      const consumer = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );

      await client.deletePersistentSubscriptionToStream(stream, GROUP);

      expect(await consumer.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
      const late = new GroupConsumer(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      expect(await late.failure()).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    });

    it('leaves nothing to a group of the same name', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.appendToStream(stream, numbered(5));
      const settings = streamSettings({
        startFrom: START,
        checkPointLowerBound: 1,
        checkPointUpperBound: 1,
      });
      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);
      const first = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      await first.handle(5);
      await client.deletePersistentSubscriptionToStream(stream, GROUP);

      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);

      const second = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );
      const [message] = await second.take(1);
      expect(message?.event?.revision).toBe(0n);
      await second.leave();
    });
  });
}

function describeDescriptions(store: GetStore): void {
  describe('describing groups', () => {
    it('tells what a group is doing and who consumes it', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.appendToStream(stream, numbered(8));
      const settings = streamSettings({ startFrom: START, extraStatistics: true });
      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);
      const options = { bufferSize: 5 };
      const consumer = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP, options),
      );
      await consumer.handle(2);
      await consumer.take(5);

      const { stats, connections } = await eventually(
        () => client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
        ({ status, stats: { totalItems, outstandingMessagesCount } }) =>
          status === 'Live' && totalItems === 2n && outstandingMessagesCount === 5,
      );

      expect(stats).toMatchObject({
        totalInFlightMessages: 5,
        parkedMessageCount: 0n,
        lastKnownEventRevision: 7n,
      });
      expect(connections).toHaveLength(1);
      expect(connections[0]).toMatchObject({
        totalItems: 2n,
        availableSlots: 0,
        inFlightMessages: 5,
        connectionName: expect.any(String) as string,
        username: expect.any(String) as string,
      });
      expect(connections[0]?.extraStatistics?.get('quintile 3')).toEqual(expect.any(BigInt));
      await consumer.leave();
    });

    it('is refused for a group that does not exist', async () => {
      const stream = uniqueStream();

      const error = await rejection(
        store().client.getPersistentSubscriptionToStreamInfo(stream, GROUP),
      );

      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
      expect(error).toMatchObject({ streamName: stream, groupName: GROUP });
    });

    it('lists the groups of a stream, of $all, and all there are', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.createPersistentSubscriptionToStream(stream, 'a', streamSettings());
      await client.createPersistentSubscriptionToStream(stream, 'b', streamSettings());
      await client.createPersistentSubscriptionToAll(stream, allSettings());

      const ofStream = await client.listPersistentSubscriptionsToStream(stream);
      const ofAll = await client.listPersistentSubscriptionsToAll();
      const every = await client.listAllPersistentSubscriptions();

      expect(ofStream.map(({ groupName }) => groupName).sort()).toEqual(['a', 'b']);
      expect(ofAll.map(({ groupName }) => groupName)).toContain(stream);
      expect(every.map(({ groupName }) => groupName)).toEqual(
        expect.arrayContaining(['a', 'b', stream]),
      );
      await client.deletePersistentSubscriptionToAll(stream);
    });

    it('is refused for a stream that never had a group', async () => {
      const stream = uniqueStream();

      const error = await rejection(store().client.listPersistentSubscriptionsToStream(stream));

      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
      expect(error).toMatchObject({ streamName: stream });
    });

    it('shows no groups for a stream whose last one is gone', async () => {
      const stream = uniqueStream();
      const { client } = store();
      await client.createPersistentSubscriptionToStream(stream, GROUP, streamSettings());
      await client.deletePersistentSubscriptionToStream(stream, GROUP);

      expect(await client.listPersistentSubscriptionsToStream(stream)).toEqual([]);
    });
  });
}

function describeConnecting(store: GetStore): void {
  describe('connecting to a group', () => {
    it('is confirmed with the id of the subscription', async () => {
      const stream = uniqueStream();
      const { client } = store();
      const settings = streamSettings({ startFrom: END });
      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);

      const consumer = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );

      expect(consumer.subscription.id).toBe(`${stream}::${GROUP}`);
      await consumer.leave();
    });

    it('is refused when the group does not exist', async () => {
      const group = uniqueStream('group');

      const consumer = new GroupConsumer(
        store().client.subscribeToPersistentSubscriptionToAll(group),
      );

      const error = await consumer.failure();
      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
      expect(error).toMatchObject({ streamName: '$all', groupName: group });
    });

    it('is refused when the group has as many consumers as it allows', async () => {
      const stream = uniqueStream();
      const { client } = store();
      const settings = streamSettings({ maxSubscriberCount: 1 });
      await client.createPersistentSubscriptionToStream(stream, GROUP, settings);
      const first = await connected(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );

      const second = new GroupConsumer(
        client.subscribeToPersistentSubscriptionToStream(stream, GROUP),
      );

      const error = await second.failure();
      expect(error).toBeInstanceOf(PersistentSubscriptionMaximumSubscribersReachedError);
      expect(error).toMatchObject({ streamName: stream, groupName: GROUP });
      await first.leave();
    });
  });
}
