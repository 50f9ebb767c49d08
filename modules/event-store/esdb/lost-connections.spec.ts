import { once } from 'node:events';
import {
  jsonEvent,
  NO_STREAM,
  type PersistentSubscriptionToAllResolvedEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  streamNameFilter,
  UnavailableError,
} from '@eventstore/db-client';
import { Metadata, status } from '@grpc/grpc-js';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { freePort } from '../../../test/support/server-process.js';
import { TcpRelay } from '../../../test/support/tcp-relay.js';
import { WireStore } from '../../../test/support/wire-store.js';
import { WireStub } from '../../../test/support/wire-stub.js';
import { SystemClock } from '../../kernel/index.js';
import {
  appendCertainly,
  connectEventStore,
  type EventStore,
  isOutcomeUnknown,
  newEvents,
} from '../index.js';
import { accessDenied, CallStatus, unavailable } from '../wire/errors/call-status.js';

const event = () => jsonEvent({ type: 'thing-happened', data: {} });
const clock = new SystemClock();

/** Appends one event whatever happens on the way. */
function appendOne(store: EventStore, stream: string) {
  return appendCertainly(stream, newEvents([{ type: 'thing-happened', data: {} }]), {
    client: store.client,
    clock,
    expectedRevision: NO_STREAM,
  });
}

async function lengthOf(store: EventStore, stream: string): Promise<number> {
  return (await store.client.readStream(stream).toArray()).length;
}

async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise(setImmediate);
}

describe('an event store on a server that is lost', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  describe('because it restarts', () => {
    let server: WireStore;
    let store: EventStore;

    beforeEach(async () => {
      server = await WireStore.open();
      store = await connectEventStore({ url: server.connectionString });
    });
    afterEach(async () => {
      await store.close();
      await server.close();
    });

    async function restart(): Promise<void> {
      const { port } = server.server;
      server = await WireStore.open({ port }, await server.stop());
    }

    it('has every append of which the outcome is insisted on exactly once', async () => {
      const streams = Array.from({ length: 200 }, (_, number) => `order-${number}`);
      await appendOne(store, 'order-before');

      const appends = Promise.all(streams.map((stream) => appendOne(store, stream)));
      await restart();
      const outcomes = await appends;

      expect(outcomes.map(({ kind }) => kind)).toEqual(streams.map(() => 'appended'));
      for (const stream of streams) expect(await lengthOf(store, stream)).toBe(1);
      expect(store.status?.()).toMatchObject({ isConnected: true });
    });

    it('fails a read that is under way, and answers the next', async () => {
      const appends = Array.from({ length: 500 }, () => store.client.appendToStream('a', event()));
      await Promise.all(appends);
      const read = store.client.readStream('a', {}, { highWaterMark: 1 });
      await once(read, 'readable');

      const rest = read.toArray().then(
        (events) => events.length,
        (error: unknown) => error,
      );
      await restart();

      expect([500, expect.any(UnavailableError)]).toContainEqual(await rest);
      expect(await lengthOf(store, 'a')).toBe(500);
    });

    it('ends a subscription with an error, and gives another from where it was left', async () => {
      await store.client.appendToStream('a', event());
      const subscription = store.client.subscribeToStream('a');
      await once(subscription, 'data');
      const lost = once(subscription, 'error') as Promise<[Error]>;

      await restart();

      const [error] = await lost;
      expect(error).toBeInstanceOf(UnavailableError);
      await appendCertainly('a', newEvents([{ type: 'thing-happened', data: {} }]), {
        client: store.client,
        clock,
        expectedRevision: 'any',
      });
      const next = store.client.subscribeToStream('a', { fromRevision: 0n });
      const [resolved] = (await once(next, 'data')) as [{ event: { revision: bigint } }];
      expect(resolved.event.revision).toBe(1n);
    });

    it('ends the consumers of a group with an error, and hands out again what they had not answered', async () => {
      await store.client.createPersistentSubscriptionToAll(
        'group',
        persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }),
        { filter: streamNameFilter({ prefixes: ['order-'] }) },
      );
      await store.client.appendToStream('order-1', event());
      const subscription = store.client.subscribeToPersistentSubscriptionToAll('group');
      await once(subscription, 'data');
      const lost = once(subscription, 'error') as Promise<[Error]>;

      await restart();

      expect(isOutcomeUnknown((await lost)[0])).toBe(true);
      await subscription.ack().catch(() => undefined); // ends, whether it was sent or not
      await store.client.getStreamMetadata('order-1').catch(() => undefined);
      const again = store.client.subscribeToPersistentSubscriptionToAll('group');
      const [message] = (await once(again, 'data')) as [PersistentSubscriptionToAllResolvedEvent];
      expect(message.event?.streamId).toBe('order-1');
    });
  });

  it('because the network says nothing more, is noticed by asking whether it lives', async () => {
    const warned = jest.spyOn(console, 'warn').mockReturnValue(undefined);
    const server = await WireStore.open();
    const relay = await TcpRelay.to(server.server.port);
    const url = `${relay.connectionString}&keepAliveInterval=1000&keepAliveTimeout=100`;
    const store = await connectEventStore({ url });
    await store.client.appendToStream('a', event());
    const subscription = store.client.subscribeToAll();
    await once(subscription, 'data');
    const lost = once(subscription, 'error') as Promise<[Error]>;

    relay.hold('both');
    const append = store.client.appendToStream('a', event());

    await expect(append).rejects.toBeInstanceOf(UnavailableError);
    expect((await lost)[0]).toBeInstanceOf(UnavailableError);
    await store.close();
    await relay.close();
    await server.close();
    warned.mockRestore();
  }, 20_000);

  it('because it is no longer the leader, is followed to the one that is', async () => {
    const leader = await WireStore.open();
    const trailers = new Metadata();
    trailers.set('exception', 'not-leader');
    trailers.set('leader-endpoint-host', '127.0.0.1');
    trailers.set('leader-endpoint-port', String(leader.server.port));
    const notLeader = new CallStatus(status.NOT_FOUND, 'Leader info available', trailers);
    const follower = await WireStub.start({
      read: (call) => {
        if (call.metadata.get('requires-leader').length > 0) call.emit('error', notLeader);
        else call.end();
      },
      batchAppend: (call) => {
        call.emit('error', notLeader);
      },
    });
    const store = await connectEventStore({ url: follower.connectionString });

    expect(await appendOne(store, 'order-1')).toMatchObject({ kind: 'appended', revision: 0n });
    const read = store.client.readStream('order-1', { requiresLeader: true });
    expect(await read.toArray()).toHaveLength(1);

    await store.close();
    follower.close();
    await leader.close();
  });

  describe('before it was ever reached', () => {
    it('fails every call as unavailable, and connects once it is there', async () => {
      const port = await freePort();
      const store = await connectEventStore({ url: `esdb://127.0.0.1:${port}?tls=false` });

      await expect(store.client.appendToStream('a', event())).rejects.toThrow('not reached yet');
      const [error] = (await once(store.client.subscribeToAll(), 'error')) as [Error];
      expect(error).toBeInstanceOf(UnavailableError);

      const server = await WireStore.open({ port });
      await until(() => store.status?.().isConnected === true);
      expect(await store.client.appendToStream('a', event())).toMatchObject({ success: true });
      await store.close();
      await server.close();
    }, 20_000);

    it('tells that it failed when what it learns later is final', async () => {
      let tries = 0;
      const stub = await WireStub.start({
        read: (call) => {
          tries += 1;
          call.emit('error', tries === 1 ? unavailable('Server Is Not Ready') : accessDenied());
        },
      });
      const store = await connectEventStore({ url: stub.connectionString });

      expect(await store.failed).toMatchObject({ code: 'PSH_EVENT_STORE_ACCESS_DENIED' });
      await store.close();
      stub.close();
    });
  });
});
