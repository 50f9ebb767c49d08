import { status } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { certificate } from '../../../test/hostile/certificates.js';
import { WireStore } from '../../../test/support/wire-store.js';
import { type StubCalls, supportedMethods, WireStub } from '../../../test/support/wire-stub.js';
import { isPosthornError, type PosthornError } from '../../kernel/index.js';
import { connectEventStore } from '../connect-event-store.js';
import { accessDenied, CallStatus } from '../wire/errors/call-status.js';

const CERTIFICATES = new URL('../../../test/hostile/certificates/', import.meta.url).pathname;
const AUTHORITY = `tlsCAFile=${CERTIFICATES}authority.pem`;

/** Why no connection is made, ever. */
async function refusalOf(url: string): Promise<PosthornError> {
  try {
    await (await connectEventStore({ url })).close();
  } catch (error) {
    if (isPosthornError(error)) return error;
    throw error;
  }
  throw new Error('it connected, or tries again');
}

describe('the first contact with a server', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  describe('over TLS with users', () => {
    async function secureStore(name: Parameters<typeof certificate>[0]): Promise<WireStore> {
      const { cert, key } = certificate(name);
      return WireStore.open({
        tls: { certificate: Buffer.from(cert), key: Buffer.from(key) },
        users: { admin: 'change@it', ops: { password: 'changeit', groups: ['$ops'] } },
      });
    }

    it.each(['esdb', 'kurrentdb+discover'])(
      '%s: is made with a right name and password',
      async (scheme) => {
        const server = await secureStore('endpoint');

        const url = `${scheme}://admin:change%40it@${server.address}?${AUTHORITY}`;
        const store = await connectEventStore({ url });

        expect(store.status?.()).toEqual({ kind: 'remote', isConnected: true, lastError: null });
        await store.close();
        await server.close();
      },
    );

    it('tells of a wrong password, and shows none', async () => {
      const server = await secureStore('endpoint');

      const refusal = await refusalOf(
        `esdb://admin:not-to-be-shown@${server.address}?${AUTHORITY}`,
      );
      await server.close();

      expect(refusal.code).toBe('PSH_EVENT_STORE_UNAUTHENTICATED');
      expect(refusal.message).toContain(server.address);
      expect(refusal.message).not.toMatch(/admin|not-to-be-shown/);
    });

    it('tells what right a user lacks', async () => {
      const server = await secureStore('endpoint');

      const refusal = await refusalOf(`esdb://ops:changeit@${server.address}?${AUTHORITY}`);
      await server.close();

      expect(refusal).toMatchObject({ code: 'PSH_EVENT_STORE_ACCESS_DENIED' });
      expect(refusal.message).toMatch(/^the user of .* may not read `\$all`$/);
    });

    it('tells that a user is needed', async () => {
      const server = await secureStore('endpoint');

      const refusal = await refusalOf(`esdb://${server.address}?${AUTHORITY}`);
      await server.close();

      expect(refusal).toMatchObject({ code: 'PSH_EVENT_STORE_ACCESS_DENIED' });
      expect(refusal.message).toContain('who names no user');
    });

    it.each([
      ['that nobody vouches for', 'self-signed', ''],
      ['of another host', 'other-host', AUTHORITY],
      ['that has expired', 'expired', AUTHORITY],
    ] as const)('refuses a certificate %s', async (_name, name, settings) => {
      const server = await secureStore(name);

      const refusal = await refusalOf(`esdb://admin:change%40it@${server.address}?${settings}`);
      await server.close();

      expect(refusal).toMatchObject({ code: 'PSH_EVENT_STORE_TLS_REFUSED' });
    });

    it('refuses a certificate of a cluster too, of which the official client tells only that nobody answers', async () => {
      const server = await secureStore('self-signed');

      const url = `esdb+discover://${server.address}?maxDiscoverAttempts=1&discoveryInterval=1`;
      const refusal = await refusalOf(url);
      await server.close();

      expect(refusal).toMatchObject({ code: 'PSH_EVENT_STORE_TLS_REFUSED' });
    });

    it('refuses a server without TLS that is not said to be one', async () => {
      const server = await WireStub.start({});

      const refusal = await refusalOf(`esdb://127.0.0.1:${server.port}`);
      server.close();

      expect(refusal).toMatchObject({ code: 'PSH_EVENT_STORE_TLS_REFUSED' });
      expect(refusal.fix).toContain('tls=false');
    });

    it('names the file of a certificate that cannot be read', async () => {
      const refusal = await refusalOf('esdb://localhost?tlsCAFile=/no/such/authority.pem');

      expect(refusal).toMatchObject({ code: 'PSH_EVENT_STORE_URL_INVALID' });
      expect(refusal.message).toContain('ENOENT');
    });
  });

  it('tells every mistake in the connection string', async () => {
    const refusal = await refusalOf('esdb://a:b?c=d');

    expect(refusal.code).toBe('PSH_EVENT_STORE_URL_INVALID');
    expect(refusal.problems).toHaveLength(2);
  });

  describe('with a server that lacks something', () => {
    const nothing: NonNullable<StubCalls['read']> = (call) => {
      call.end();
    };
    const readDenied: NonNullable<StubCalls['read']> = (call) => {
      call.emit('error', accessDenied());
    };
    const updateDenied: NonNullable<StubCalls['update']> = (_call, answer) => {
      answer(accessDenied());
    };

    async function refusalFrom(calls: StubCalls): Promise<PosthornError> {
      const stub = await WireStub.start(calls);
      try {
        return await refusalOf(stub.connectionString);
      } finally {
        stub.close();
      }
    }

    it('names the right to read `$all`', async () => {
      const refusal = await refusalFrom({ read: readDenied, update: updateDenied });

      expect(refusal.code).toBe('PSH_EVENT_STORE_ACCESS_DENIED');
      expect(refusal.message).toContain('may not read `$all`');
      expect(refusal.fix).toContain('$admins');
    });

    it('names the right to administer persistent subscriptions', async () => {
      const refusal = await refusalFrom({ read: nothing, update: updateDenied });

      expect(refusal.code).toBe('PSH_EVENT_STORE_ACCESS_DENIED');
      expect(refusal.message).toContain('may not administer persistent subscriptions');
    });

    it.each([
      ['a version before 23.10', '22.10.5', undefined],
      [
        'no persistent subscriptions to `$all`',
        '24.10.0',
        ['event_store.client.streams.streams/batchappend'],
      ],
    ])('tells of %s', async (_name, version, methods) => {
      const refusal = await refusalFrom({
        getSupportedMethods: (_call, answer) => {
          answer(null, supportedMethods(version, methods ?? []));
        },
      });

      expect(refusal.code).toBe('PSH_EVENT_STORE_TOO_OLD');
      expect(refusal.message).toContain(version);
      expect(refusal.fix).toContain('23.10');
    });
  });

  it('is tried again when the server is not ready', async () => {
    let tries = 0;
    const stub = await WireStub.start({
      read: (call) => {
        tries += 1;
        if (tries === 1)
          call.emit('error', new CallStatus(status.UNAVAILABLE, 'Server Is Not Ready'));
        else call.end();
      },
    });

    const store = await connectEventStore({ url: stub.connectionString });
    expect(store.status?.()).toMatchObject({
      isConnected: false,
      lastError: { kind: 'unavailable', message: expect.stringContaining('Not Ready') },
    });
    await store.close();
    stub.close();
  });
});
