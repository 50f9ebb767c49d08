import type { SendingOptions, UndiciSender } from '../../modules/sending/index.js';
import { certificate, testAuthority } from './certificates.js';
import type { Endpoint } from './endpoint.js';
import { outgoing, RecordingOpener, SendingRig, until } from './sending.js';

const resolver = { resolve: () => Promise.resolve(['127.0.0.1']) };

describe('TLS', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  function secureEndpoint(name: Parameters<typeof certificate>[0]): Promise<Endpoint> {
    return rig.endpoint(undefined, { tls: certificate(name) });
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
      outgoing(endpoint.url().replace('http:', 'https:'), { timeoutMs: 100 }),
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
