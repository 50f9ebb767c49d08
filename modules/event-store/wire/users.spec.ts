import {
  AccessDeniedError,
  type AllStreamResolvedEvent,
  EventStoreDBClient,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import { certificate } from '../../../test/hostile/certificates.js';
import { WireStore } from '../../../test/support/wire-store.js';

const AUTHORITY = new URL('../../../test/hostile/certificates/authority.pem', import.meta.url)
  .pathname;
const EVENT = jsonEvent({ type: 'thing', data: {} });

async function eventsOf(
  read: StreamingRead<ResolvedEvent | AllStreamResolvedEvent>,
): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  for await (const { event } of read) ids.push(event?.id);
  return ids;
}

/** How a subscription ends that fails. */
async function failureOf(subscription: {
  once(event: 'error', listener: (error: Error) => void): unknown;
}): Promise<Error> {
  return new Promise((resolve) => {
    subscription.once('error', resolve);
  });
}

describe('a server with users', () => {
  let store: WireStore;

  beforeAll(async () => {
    const { cert, key } = certificate('endpoint');
    store = await WireStore.open({
      tls: { certificate: Buffer.from(cert), key: Buffer.from(key) },
      users: {
        admin: 'correct:horse',
        ops: { password: 'battery staple', groups: ['$ops'] },
        clerk: { password: 'clerk', groups: ['clerks'] },
        guest: { password: 'guest', groups: [] },
      },
    });
  });

  afterAll(async () => {
    await store.close();
  });

  function clientOf(credentials = '', scheme = 'esdb'): EventStoreDBClient {
    return EventStoreDBClient.connectionString(
      `${scheme}://${credentials}${store.address}?tlsCAFile=${AUTHORITY}&maxDiscoverAttempts=2`,
    );
  }

  async function calls(client: EventStoreDBClient): Promise<unknown[]> {
    const failures: unknown[] = [];
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      await work().catch((error: unknown) => failures.push(error));
    };
    await attempt(() => client.appendToStream('one', EVENT));
    await attempt(() => client.deleteStream('other', { expectedRevision: 'no_stream' }));
    await attempt(async () => {
      await client.readAll({ maxCount: 1 }).forEach(() => undefined);
    });
    await attempt(() => client.listAllPersistentSubscriptions());
    await attempt(
      () =>
        new Promise((resolve, reject) =>
          client
            .subscribeToPersistentSubscriptionToAll('none')
            .once('error', reject)
            .once('confirmation', resolve),
        ),
    );
    return failures;
  }

  it.each(['admin:correct%3Ahorse@', 'ops:battery%20staple@', 'clerk:clerk@', 'guest:guest@'])(
    'lets each of them in',
    async (credentials) => {
      const client = clientOf(credentials);
      const stream = `own-${credentials}`;

      await client.appendToStream(stream, EVENT);

      expect(await eventsOf(client.readStream(stream))).toEqual([EVENT.id]);
    },
  );

  it('lets them find it by discovery', async () => {
    const client = clientOf('admin:correct%3Ahorse@', 'esdb+discover');

    expect((await client.appendToStream('one', EVENT)).success).toBe(true);
  });

  it.each([
    ['a wrong password', 'admin:wrong@'],
    ['a name that it does not know', 'AzureDiamond:hunter2@'],
    ['no name at all', ''],
  ])('lets nobody in with %s', async (_name, credentials) => {
    const failures = await calls(clientOf(credentials));

    expect(failures).toHaveLength(5);
    for (const failure of failures) expect(failure).toBeInstanceOf(AccessDeniedError);
  });

  it('takes credentials per call', async () => {
    const credentials = { username: 'ops', password: 'battery staple' };

    const result = await clientOf().appendToStream('one', EVENT, { credentials });

    expect(result.success).toBe(true);
  });

  it('lets administrators alone read $all', async () => {
    const [admin, clerk] = [clientOf('admin:correct%3Ahorse@'), clientOf('clerk:clerk@')];
    const read = (client: EventStoreDBClient) => eventsOf(client.readAll({ maxCount: 1 }));

    expect(await read(admin)).toHaveLength(1);
    await expect(read(clerk)).rejects.toThrow(AccessDeniedError);
    expect(await failureOf(clerk.subscribeToAll())).toBeInstanceOf(AccessDeniedError);
  });

  it('lets administrators and operators alone set up groups, and everybody look at them', async () => {
    const [ops, clerk] = [clientOf('ops:battery%20staple@'), clientOf('clerk:clerk@')];
    const settings = streamSettings();

    await ops.createPersistentSubscriptionToStream('two', 'group', settings);

    for (const refused of [
      () => clerk.createPersistentSubscriptionToStream('two', 'other', settings),
      () => clerk.updatePersistentSubscriptionToStream('two', 'group', settings),
      () => clerk.deletePersistentSubscriptionToStream('two', 'group'),
      () => clerk.replayParkedMessagesToStream('two', 'group'),
      () => clerk.restartPersistentSubscriptionSubsystem(),
    ]) {
      await expect(refused()).rejects.toThrow(AccessDeniedError);
    }
    expect(await clerk.listPersistentSubscriptionsToStream('two')).toHaveLength(1);
    const consumer = clerk.subscribeToPersistentSubscriptionToStream('two', 'group');
    await new Promise((resolve) => consumer.once('confirmation', resolve));
    await consumer.unsubscribe();
  });

  it('goes by the access control list of a stream, whatever the call', async () => {
    const [admin, clerk] = [clientOf('admin:correct%3Ahorse@'), clientOf('clerk:clerk@')];
    const guest = clientOf('guest:guest@');
    const credentials = { username: 'guest', password: 'guest' };
    await admin.setStreamMetadata('books', {
      acl: { readRoles: ['clerks'], writeRoles: ['clerks'], deleteRoles: ['$admins'] },
    });
    await admin.createPersistentSubscriptionToStream('books', 'group', streamSettings());

    expect((await clerk.appendToStream('books', EVENT)).success).toBe(true);
    expect(await eventsOf(clerk.readStream('books'))).toEqual([EVENT.id]);
    await expect(clerk.deleteStream('books')).rejects.toThrow(AccessDeniedError);

    await expect(guest.appendToStream('books', EVENT)).rejects.toThrow(AccessDeniedError);
    await expect(guest.appendToStream('books', EVENT, { credentials })).rejects.toThrow(
      AccessDeniedError,
    );
    await expect(eventsOf(guest.readStream('books'))).rejects.toThrow(AccessDeniedError);
    expect(await failureOf(guest.subscribeToStream('books'))).toBeInstanceOf(AccessDeniedError);
    const consumer = guest.subscribeToPersistentSubscriptionToStream('books', 'group');
    expect(await failureOf(consumer)).toBeInstanceOf(AccessDeniedError);
    expect(await eventsOf(admin.readStream('books'))).toEqual([EVENT.id]);
  });

  it('ends a subscription whose user may not read its stream any more', async () => {
    const [admin, guest] = [clientOf('admin:correct%3Ahorse@'), clientOf('guest:guest@')];
    const subscription = guest.subscribeToStream('news');
    await new Promise((resolve) => subscription.once('caughtUp', resolve));
    const failure = failureOf(subscription);

    await admin.setStreamMetadata('news', { maxCount: 10 });
    await admin.setStreamMetadata('news', { acl: { readRoles: ['clerks'] } });

    expect(await failure).toBeInstanceOf(AccessDeniedError);
  });

  it('puts the chunks of an append together also where rights have to be looked up', async () => {
    const clerk = clientOf('clerk:clerk@');
    const events = Array.from({ length: 20 }, (_, n) => jsonEvent({ type: 'n', data: { n } }));

    const results = await Promise.all(
      [0, 1, 2].map((n) => clerk.appendToStream(`new-${n}`, events, { batchAppendSize: 64 })),
    );

    expect(results.map(({ nextExpectedRevision }) => nextExpectedRevision)).toEqual([
      19n,
      19n,
      19n,
    ]);
  });

  it('shows who consumes a group', async () => {
    const client = clientOf('ops:battery%20staple@');
    await client.createPersistentSubscriptionToStream('one', 'group', streamSettings());
    const consumer = client.subscribeToPersistentSubscriptionToStream('one', 'group');
    await new Promise((resolve) => consumer.once('confirmation', resolve));

    const { connections } = await client.getPersistentSubscriptionToStreamInfo('one', 'group');

    expect(connections.map(({ username }) => username)).toEqual(['ops']);
    await consumer.unsubscribe();
  });
});
