import { randomUUID } from 'node:crypto';
import {
  DeadlineExceededError,
  EventStoreDBClient,
  jsonEvent,
  UnavailableError,
} from '@eventstore/db-client';
import featureServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { identifier, rawStreams } from '../../../test/support/wire-calls.js';
import { WireStore } from '../../../test/support/wire-store.js';
import { isPosthornError, SystemClock } from '../../kernel/index.js';
import { type features, type gossip, shared, streams } from './protocol.js';
import { startWireServer } from './wire-server.js';

const EVENT = jsonEvent({ type: 'thing', data: {} });

describe('the wire server', () => {
  let store: WireStore;
  const clients: { close(): void }[] = [];

  beforeEach(async () => {
    store = await WireStore.open();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await store.close();
  });

  /** To be closed after the test. */
  function using<C extends { close(): void }>(client: C): C {
    clients.push(client);
    return client;
  }

  async function supportedMethods(): Promise<features.SupportedMethods> {
    const client = using(
      new featureServices.ServerFeaturesClient(store.address, credentials.createInsecure()),
    );
    return new Promise((resolve, reject) => {
      client.getSupportedMethods(new shared.Empty(), (error, methods) => {
        if (error) reject(error);
        else resolve(methods);
      });
    });
  }

  async function members(host: string): Promise<gossip.MemberInfo.AsObject[]> {
    const { port } = store.server;
    const client = using(
      new gossipServices.GossipClient(`${host}:${port}`, credentials.createInsecure()),
    );
    return new Promise((resolve, reject) => {
      client.read(new shared.Empty(), (error, cluster) => {
        if (error) reject(error);
        else resolve(cluster.toObject().membersList);
      });
    });
  }

  it('says which version it behaves like, and what it can do', async () => {
    const supported = await supportedMethods();

    expect(supported.getEventStoreServerVersion()).toBe('24.10.0');
    const methods = supported.toObject().methodsList;
    const named = (service: string): Record<string, string[]> =>
      Object.fromEntries(
        methods
          .filter(({ serviceName }) => serviceName === service)
          .map(({ methodName, featuresList }) => [methodName, featuresList]),
      );
    expect(named('event_store.client.streams.streams')).toEqual({
      read: ['position', 'events'],
      append: [],
      delete: [],
      tombstone: [],
      batchappend: ['deadline_duration'],
    });
    expect(named('event_store.client.persistent_subscriptions.persistentsubscriptions')).toEqual(
      Object.fromEntries(
        [
          'create',
          'update',
          'delete',
          'read',
          'getinfo',
          'replayparked',
          'list',
          'restartsubsystem',
        ].map((method) => [method, ['stream', 'all']]),
      ),
    );
    expect(methods.some(({ serviceName }) => serviceName.includes('projections'))).toBe(false);
  });

  it.each<[string, (client: EventStoreDBClient) => Promise<unknown>]>([
    ['createProjection', (client) => client.createProjection('p', 'fromAll()')],
    ['updateProjection', (client) => client.updateProjection('p', 'fromAll()')],
    ['deleteProjection', (client) => client.deleteProjection('p')],
    ['enableProjection', (client) => client.enableProjection('p')],
    ['disableProjection', (client) => client.disableProjection('p')],
    ['abortProjection', (client) => client.abortProjection('p')],
    ['resetProjection', (client) => client.resetProjection('p')],
    ['getProjectionState', (client) => client.getProjectionState('p')],
    ['getProjectionResult', (client) => client.getProjectionResult('p')],
    ['getProjectionStatus', (client) => client.getProjectionStatus('p')],
    ['listProjections', (client) => client.listProjections()],
    ['restartSubsystem', (client) => client.restartSubsystem()],
  ])('has no projections: %s', async (_, call) => {
    const client = EventStoreDBClient.connectionString(store.connectionString);

    await expect(call(client)).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('is found by discovery', async () => {
    const client = EventStoreDBClient.connectionString(
      `esdb+discover://${store.address}?tls=false&maxDiscoverAttempts=2`,
    );

    const result = await client.appendToStream('found', EVENT);

    expect(result.success).toBe(true);
  });

  it.each(['127.0.0.1', 'localhost'])(
    'advertises the address it was reached by: %s',
    async (host) => {
      expect(await members(host)).toEqual([
        expect.objectContaining({
          state: 8,
          isAlive: true,
          httpEndPoint: { address: host, port: store.server.port },
        }),
      ]);
    },
  );

  it('keeps an event that is larger than gRPC takes by default', async () => {
    const client = EventStoreDBClient.connectionString(store.connectionString);
    const metadata = { text: 'x'.repeat(5 * 1024 * 1024) };

    const result = await client.appendToStream(
      'large',
      jsonEvent({ ...EVENT, id: randomUUID(), metadata }),
    );

    expect(result.nextExpectedRevision).toBe(0n);
  });

  it('is used with every setting that a connection string has', async () => {
    const client = EventStoreDBClient.connectionString(
      `${store.connectionString.replace('esdb:', 'esdb+discover:')}&nodePreference=follower` +
        '&defaultDeadline=5000&keepAliveInterval=10000&keepAliveTimeout=10000&connectionName=mine' +
        '&maxDiscoverAttempts=3&discoveryInterval=10&gossipTimeout=2000&tlsVerifyCert=false',
    );

    const result = await client.appendToStream('settings', EVENT, { requiresLeader: true });
    const read = client.readStream('settings', { requiresLeader: true, deadline: 1_000 });

    expect(result.success).toBe(true);
    for await (const { event } of read) expect(event?.id).toBe(EVENT.id);
    await client.dispose();
  });

  it('gives up with the client when its deadline passes', async () => {
    const client = EventStoreDBClient.connectionString(store.connectionString);
    const many = Array.from({ length: 5_000 }, (_, n) => jsonEvent({ type: 'n', data: { n } }));

    await expect(client.appendToStream('late', many, { deadline: 1 })).rejects.toThrow(
      DeadlineExceededError,
    );
  });

  it('lets a client go that has nothing open, and takes the next', async () => {
    const first = EventStoreDBClient.connectionString(store.connectionString);
    await first.appendToStream('one', EVENT);
    await first.dispose();

    const next = EventStoreDBClient.connectionString(store.connectionString);
    const again = await next.appendToStream('one', { ...EVENT, id: randomUUID() });

    expect(again.nextExpectedRevision).toBe(1n);
  });

  it('refuses an address that is taken', async () => {
    const refused: unknown = await startWireServer({
      log: store.log.log,
      persistentSubscriptions: store.persistentSubscriptions,
      clock: new SystemClock(),
      host: '127.0.0.1',
      port: store.server.port,
    }).catch((error: unknown) => error);

    expect(isPosthornError(refused, 'PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE')).toBe(true);
  });

  describe('when it stops', () => {
    it('ends an append that is being sent as unavailable', async () => {
      const options = new streams.AppendReq.Options()
        .setStreamIdentifier(identifier('one'))
        .setAny(new shared.Empty());
      const error = new Promise<ServiceError | null>((resolve) => {
        const call = using(rawStreams(store.address)).append(resolve);
        call.write(new streams.AppendReq().setOptions(options));
      });
      const subscribed = EventStoreDBClient.connectionString(store.connectionString);
      for await (const event of subscribed.readAll({ maxCount: 1 })) expect(event).toBeUndefined();

      await store.server.close();

      expect((await error)?.code).toBe(status.UNAVAILABLE);
    });

    it('ends subscriptions as unavailable', async () => {
      const client = EventStoreDBClient.connectionString(store.connectionString);
      const subscription = client.subscribeToAll();
      await new Promise((resolve) => subscription.once('caughtUp', resolve));
      const error = new Promise((resolve) => subscription.once('error', resolve));

      await store.server.close();

      expect(await error).toBeInstanceOf(UnavailableError);
    });

    it('is there again for the same client once it starts on the same port', async () => {
      const client = EventStoreDBClient.connectionString(store.connectionString);
      await client.appendToStream('one', EVENT);
      const { port } = store.server;

      store = await WireStore.open({ port }, await store.stop());
      const again = await client.appendToStream('one', { ...EVENT, id: randomUUID() });

      expect(again.nextExpectedRevision).toBe(1n);
    });
  });
});
