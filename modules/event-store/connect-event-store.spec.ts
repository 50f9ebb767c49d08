import { once } from 'node:events';
import {
  EventStoreDBClient,
  isCommandError,
  jsonEvent,
  NO_STREAM,
  type PersistentSubscriptionToAllResolvedEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  StreamNotFoundError,
  streamNameFilter,
  UnavailableError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { proposed } from '../../test/support/embedded-log-fixtures.js';
import { TcpRelay } from '../../test/support/tcp-relay.js';
import { WireStore } from '../../test/support/wire-store.js';
import { connectEventStore, type EventStore } from './index.js';

const GROUP = 'group';
const event = (data: Record<string, string> = {}) => jsonEvent({ type: 'thing-happened', data });

describe('an event store on a server', () => {
  let server: WireStore;
  let relay: TcpRelay;
  let store: EventStore;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    server = await WireStore.open();
    relay = await TcpRelay.to(server.server.port);
    store = await connectEventStore({ url: relay.connectionString });
  });
  afterEach(async () => {
    await store.close();
    await relay.close();
    await server.close();
  });

  async function createGroup(): Promise<void> {
    const settings = persistentSubscriptionToAllSettingsFromDefaults({
      startFrom: START,
      messageTimeout: 60_000,
    });
    await store.client.createPersistentSubscriptionToAll(GROUP, settings, {
      filter: streamNameFilter({ prefixes: ['order-'] }),
    });
  }

  function subscribe() {
    const subscription = store.client.subscribeToPersistentSubscriptionToAll(GROUP);
    subscription.on('error', () => undefined);
    const first = once(subscription, 'data') as Promise<[PersistentSubscriptionToAllResolvedEvent]>;
    return { subscription, first };
  }

  describe('has two connections', () => {
    it('one for appends and reads, one for subscriptions', async () => {
      await store.client.appendToStream('order-1', event());
      await createGroup();
      const { first } = subscribe();
      await first;

      expect(relay.accepted).toBe(2);
    });

    it('so that acknowledgements do not wait behind appends', async () => {
      await store.client.appendToStream('order-1', event());
      await createGroup();
      const { subscription, first } = subscribe();
      const [message] = await first;

      relay.hold('client', 1);
      const data = { text: 'x'.repeat(10_000) };
      const appends = Array.from({ length: 500 }, () =>
        store.client.appendToStream('order-1', event(data)),
      );
      await subscription.ack(message);

      const inFlight = async (): Promise<number> => {
        const { stats } = await store.client.getPersistentSubscriptionToAllInfo(GROUP);
        return stats.totalInFlightMessages;
      };
      while ((await inFlight()) > 0) await new Promise(setImmediate);
      relay.release();
      expect(await Promise.all(appends)).toHaveLength(500);
    });
  });

  describe('throws errors of the classes of the application’s own package', () => {
    it('for an append that met another revision', async () => {
      await store.client.appendToStream('order-1', event());

      const error: unknown = await store.client
        .appendToStream('order-1', event(), { expectedRevision: NO_STREAM })
        .catch((failure: unknown) => failure);

      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(isCommandError(error as Error)).toBe(true);
      expect(error).toMatchObject({ streamName: 'order-1', actualVersion: 0n });
    });

    it('for a stream that there is not', async () => {
      const read = async (): Promise<void> => {
        await store.client.readStream('order-0').forEach(() => undefined);
      };

      await expect(read()).rejects.toBeInstanceOf(StreamNotFoundError);
    });

    it('for a server that is gone, of which the package alone lets errors of gRPC through', async () => {
      await relay.close();

      const append = store.client.appendToStream('order-1', event());

      await expect(append).rejects.toBeInstanceOf(UnavailableError);
      expect(store.status?.()).toMatchObject({
        isConnected: false,
        lastError: { kind: 'unavailable' },
      });
    });

    it('for a call that it does not know what to do with', () => {
      expect(() =>
        store.client.subscribeToAll({
          filter: streamNameFilter({ prefixes: ['a'], checkpointInterval: 0 }),
        }),
      ).toThrow('CheckpointInterval');
    });
  });

  it('answers an append that is repeated with the first outcome', async () => {
    const events = [event(), event(), event()];

    const first = await store.client.appendToStream('order-1', events, {
      expectedRevision: NO_STREAM,
    });
    const again = await store.client.appendToStream('order-1', events, {
      expectedRevision: NO_STREAM,
    });

    expect(again).toEqual(first);
    expect(again.nextExpectedRevision).toBe(2n);
  });

  it('rounds integers beyond 2^53 that others wrote, because data is read as JSON', async () => {
    const exact = Buffer.from('{"amount":9007199254740993}');
    await server.log.log.append('order-1', 'any', [proposed({}, { data: exact })]);

    const [resolved] = await store.client.readStream('order-1').toArray();

    expect(resolved).toMatchObject({ event: { data: { amount: 9_007_199_254_740_992 } } });
  });

  it('tells a checkpoint before the events that come before it and are still buffered', async () => {
    for (let number = 0; number < 40; number++) await store.client.appendToStream('a', event());
    let received = 0;
    const checkpoint = new Promise<number>((resolve) => {
      const subscription = store.client.subscribeToAll({
        filter: streamNameFilter({
          prefixes: ['a'],
          maxSearchWindow: 4,
          checkpointReached: () => {
            resolve(received);
            subscription.on('data', () => (received += 1));
          },
        }),
      });
    });

    expect(await checkpoint).toBe(0);
  });

  describe('hands out what a consumer has not answered', () => {
    it.each(['unsubscribe', 'destroy'] as const)('at once, when it ends by %s', async (how) => {
      await store.client.appendToStream('order-1', event());
      await createGroup();
      const { subscription, first } = subscribe();
      await first;

      await subscription[how]();

      const [again] = await subscribe().first;
      expect(again.retryCount).toBe(1);
    });
  });

  it('ends a read at the server too that is left half-way', async () => {
    const client = EventStoreDBClient.connectionString(server.connectionString);
    const own = await connectEventStore({ client });
    for (let number = 0; number < 200; number++) await client.appendToStream('a', event());

    for await (const { event: read } of own.client.readAll()) {
      if (read?.streamId === 'a') break;
    }

    await own.close();
    // the client waits for the end of every call, which for such a read would never come
    await client.dispose();
    expect(own.status?.()).toMatchObject({ kind: 'remote' });
  });

  describe('once it is closed', () => {
    it('has answered what was under way, and takes nothing more', async () => {
      const append = store.client.appendToStream('order-1', event());

      await store.close();

      expect(await append).toMatchObject({ success: true });
      await expect(store.client.appendToStream('order-1', event())).rejects.toThrow('is closing');
      await expect(store.client.readAll().toArray()).rejects.toThrow('is closing');
    });

    it('waits for nobody who does not answer for longer than it may', async () => {
      for (let number = 0; number < 50; number++) await store.client.appendToStream('a', event());
      const abandoned = store.client.readAll({}, { highWaterMark: 1 });
      await once(abandoned, 'readable');
      relay.hold('both');

      await store.close();

      expect(store.status?.().isConnected).toBe(false);
    });
  });

  describe('reached by the application’s own client', () => {
    let client: EventStoreDBClient;

    beforeEach(() => {
      client = EventStoreDBClient.connectionString(relay.connectionString);
    });
    afterEach(async () => {
      await client.dispose();
    });

    it('is appended to by it, and subscribed to by a connection of its own', async () => {
      const before = relay.accepted;
      const url = server.connectionString;
      const own = await connectEventStore({ client, url });
      await own.client.appendToStream('order-1', event());
      const subscription = own.client.subscribeToAll();
      await once(subscription, 'data');

      expect(relay.accepted - before).toBeLessThanOrEqual(1);
      await own.close();
    });

    it('leaves it open', async () => {
      const own = await connectEventStore({ client });

      await own.close();

      expect(await client.appendToStream('order-1', event())).toMatchObject({ success: true });
    });

    it('refuses one that does not tell of refused appends', async () => {
      const mute = EventStoreDBClient.connectionString(
        `${server.connectionString}&throwOnAppendFailure=false`,
      );

      await expect(connectEventStore({ client: mute })).rejects.toMatchObject({
        code: 'PSH_EVENT_STORE_CLIENT_UNUSABLE',
      });
    });
  });
});
