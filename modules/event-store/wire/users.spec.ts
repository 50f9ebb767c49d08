import { AccessDeniedError, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { certificate } from '../../../test/hostile/certificates.js';
import { WireStore } from '../../../test/support/wire-store.js';

const AUTHORITY = new URL('../../../test/hostile/certificates/authority.pem', import.meta.url)
  .pathname;
const EVENT = jsonEvent({ type: 'thing', data: {} });

describe('a server with users', () => {
  let store: WireStore;

  beforeAll(async () => {
    const { cert, key } = certificate('endpoint');
    store = await WireStore.open({
      tls: { certificate: Buffer.from(cert), key: Buffer.from(key) },
      users: { admin: 'correct:horse', ops: 'battery staple' },
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

  it.each(['admin:correct%3Ahorse@', 'ops:battery%20staple@'])(
    'lets each of them in',
    async (credentials) => {
      const client = clientOf(credentials);

      await client.appendToStream('one', EVENT);
      const all = client.readAll({ maxCount: 1 });

      for await (const { event } of all) expect(event?.type).toBe('thing');
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

  it('shows who consumes a group', async () => {
    const client = clientOf('ops:battery%20staple@');
    const { persistentSubscriptionToStreamSettingsFromDefaults: defaults } =
      await import('@eventstore/db-client');
    await client.createPersistentSubscriptionToStream('one', 'group', defaults());
    const consumer = client.subscribeToPersistentSubscriptionToStream('one', 'group');
    await new Promise((resolve) => consumer.once('confirmation', resolve));

    const { connections } = await client.getPersistentSubscriptionToStreamInfo('one', 'group');

    expect(connections.map(({ username }) => username)).toEqual(['ops']);
    await consumer.unsubscribe();
  });
});
