import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import tls, { type TlsOptions } from 'node:tls';
import { promisify } from 'node:util';
import type { SendingOptions, SendStep, UndiciSender } from '../../modules/sending/index.js';
import { secureContextOf, TlsIdentity } from '../../modules/sending/network/tls.js';
import { certificate, testAuthority } from './certificates.js';
import type { Endpoint } from './endpoint.js';
import { outgoing, RecordingOpener, SendingRig, until } from './sending.js';

/** What OpenSSL needs to be told to speak the versions that are no longer safe. */
const OLD_CIPHERS = 'ALL:@SECLEVEL=0';

const resolver = { resolve: () => Promise.resolve(['127.0.0.1']) };

describe('TLS', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  function secureEndpoint(
    name: Parameters<typeof certificate>[0],
    options: TlsOptions = {},
  ): Promise<Endpoint> {
    return rig.endpoint(undefined, { tls: { ...options, ...certificate(name) } });
  }

  function trustingSender(options: SendingOptions = {}): UndiciSender {
    return rig.sender({
      ...options,
      isHttpAllowed: false,
      resolver,
      certificateAuthorities: [testAuthority()],
    });
  }

  it('is checked by the name in the URL, and timed on its own', async () => {
    const endpoint = await secureEndpoint('endpoint');
    const sender = trustingSender();

    const first = await sender.send(outgoing(endpoint.url('endpoint.test')));
    const second = await sender.send(outgoing(endpoint.url('endpoint.test')));

    expect(first).toMatchObject({ verdict: 'success', remoteAddress: '127.0.0.1' });
    expect(first.timings.tlsMs).toBeGreaterThan(0);
    expect(second).toMatchObject({ verdict: 'success', timings: { connectMs: null, tlsMs: null } });
    expect(endpoint.connections).toBe(1);
    expect(endpoint.requests[0]?.headers['host']).toBe(`endpoint.test:${endpoint.port}`);
  });

  it.each(['127.0.0.1', 'localhost', 'endpoint.test.'])('works with the host %s', async (host) => {
    const endpoint = await secureEndpoint('endpoint');

    expect(await trustingSender().send(outgoing(endpoint.url(host)))).toMatchObject({
      verdict: 'success',
    });
  });

  it.each(['self-signed', 'other-host', 'expired'] as const)(
    'refuses a certificate that is %s, and sends nothing',
    async (name) => {
      const endpoint = await secureEndpoint(name);
      const opener = new RecordingOpener();

      const result = await trustingSender({ openSocket: opener.open }).send(
        outgoing(endpoint.url('endpoint.test')),
      );

      expect(result).toMatchObject({
        verdict: 'retry',
        errorClass: 'tls_error',
        statusCode: null,
        remoteAddress: '127.0.0.1',
        timings: { connectMs: expect.any(Number) as number, tlsMs: null },
      });
      expect(endpoint.requests).toHaveLength(0);
      expect(opener.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    },
  );

  it('refuses a certificate for the right address and the wrong address in the URL', async () => {
    const endpoint = await secureEndpoint('other-host');

    const result = await trustingSender().send(outgoing(endpoint.url()));

    expect(result.errorClass).toBe('tls_error');
  });

  it('does not trust the test authority by itself', async () => {
    const endpoint = await secureEndpoint('endpoint');

    const result = await rig.sender({ resolver }).send(outgoing(endpoint.url('endpoint.test')));

    expect(result.errorClass).toBe('tls_error');
  });

  it('cannot be switched off by the environment', async () => {
    const endpoint = await secureEndpoint('self-signed');
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const result = await trustingSender().send(outgoing(endpoint.url('endpoint.test')));
      expect(result.errorClass).toBe('tls_error');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  it.each<[string, TlsOptions]>([
    ['TLS 1.1 at most', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: OLD_CIPHERS }],
    ['TLS 1.0 at most', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: OLD_CIPHERS }],
    ['HTTP/2 only', { ALPNProtocols: ['h2'] }],
    ['a certificate of the client', { requestCert: true, rejectUnauthorized: true }],
  ])('is an error with an endpoint that wants %s', async (_what, options) => {
    const endpoint = await secureEndpoint('endpoint', options);

    const result = await trustingSender().send(
      outgoing(endpoint.url('endpoint.test'), { timeoutMs: 5_000 }),
    );

    expect(result).toMatchObject({ verdict: 'retry', statusCode: null });
    // In TLS 1.3 a server refuses a client after the handshake, so that a reset is all that is seen.
    expect(['tls_error', 'connection_reset']).toContain(result.errorClass);
    expect(endpoint.requests).toHaveLength(0);
  });

  it('is version 1.2 or later, whatever the process allows', () => {
    const before = tls.DEFAULT_MIN_VERSION;
    tls.DEFAULT_MIN_VERSION = 'TLSv1';
    try {
      const context: { getMinProto(): number } = secureContextOf().context;
      expect(context.getMinProto()).toBe(0x0303);
    } finally {
      tls.DEFAULT_MIN_VERSION = before;
    }
  });

  it('is an error with a server of HTTP/2 that speaks nothing else', async () => {
    const server = createSecureServer({ ...certificate('endpoint'), allowHTTP1: false });
    const sessions: unknown[] = [];
    server.on('session', (session) => sessions.push(session));
    server.on('sessionError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const result = await trustingSender().send(outgoing(`https://endpoint.test:${port}/`));

    expect(result).toMatchObject({ verdict: 'retry', statusCode: null });
    expect(['tls_error', 'invalid_response', 'connection_reset']).toContain(result.errorClass);
    expect(sessions).toHaveLength(0);
    await promisify(server.close.bind(server))();
  });

  describe('with an identity of a webhook', () => {
    const identity = new TlsIdentity({
      certificateAuthorities: [testAuthority()],
      clientCertificate: certificate('endpoint').cert,
      clientKey: certificate('endpoint').key,
    });

    function identified(tlsIdentity: TlsIdentity | null): SendStep {
      return (next) => (exchange) => next({ ...exchange, tls: tlsIdentity });
    }

    it('presents its certificate to an endpoint that asks for it', async () => {
      const endpoint = await secureEndpoint('endpoint', {
        requestCert: true,
        ca: testAuthority(),
      });
      const sender = rig.sender({ resolver, steps: [identified(identity)] });

      const result = await sender.send(outgoing(endpoint.url('endpoint.test')));

      expect(result.verdict).toBe('success');
    });

    it('never shares a connection with another identity', async () => {
      const endpoint = await secureEndpoint('endpoint');
      let current: TlsIdentity | null = identity;
      const step: SendStep = (next) => (exchange) => next({ ...exchange, tls: current });
      const sender = trustingSender({ steps: [step] });
      const send = async (tlsIdentity: TlsIdentity | null): Promise<void> => {
        current = tlsIdentity;
        const result = await sender.send(outgoing(endpoint.url('endpoint.test')));
        expect(result.verdict).toBe('success');
      };

      await send(identity);
      await send(null);
      await send(new TlsIdentity({ certificateAuthorities: [testAuthority()] }));
      expect(endpoint.connections).toBe(3);
      await send(identity);
      await send(null);

      expect(endpoint.connections).toBe(3);
    });
  });

  it('is an error where the endpoint answers the handshake with plain text', async () => {
    const endpoint = await rig.endpoint(undefined, {
      onConnection: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    });

    const result = await trustingSender().send(outgoing(endpoint.url().replace('http:', 'https:')));

    expect(result).toMatchObject({ verdict: 'retry', errorClass: 'tls_error' });
  });

  it('has a handshake that ends at the deadline', async () => {
    const endpoint = await rig.endpoint(() => undefined);

    const result = await trustingSender().send(
      outgoing(endpoint.url().replace('http:', 'https:'), { timeoutMs: 1_000 }),
    );

    expect(result).toMatchObject({ errorClass: 'timeout', timings: { tlsMs: null } });
    expect(result.timings.connectMs).not.toBeNull();
    await until(() => endpoint.sockets.size === 0);
  });

  it('with an answer before the request means a bounded number of connections', async () => {
    const endpoint = await rig.endpoint(() => undefined, {
      tls: certificate('endpoint'),
      onConnection: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    });

    const result = await trustingSender().send(
      outgoing(endpoint.url('endpoint.test'), { timeoutMs: 1_000 }),
    );

    expect(['success', 'retry']).toContain(result.verdict);
    expect(endpoint.connections).toBeLessThanOrEqual(2);
  });
});
