import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { ManualClock } from '../../modules/kernel/index.js';
import type { SendingOptions, UndiciSender } from '../../modules/sending/index.js';
import { certificate, testAuthority } from './certificates.js';
import { ConnectProxy, type ProxyBehaviour, refuse, tunnel } from './connect-proxy.js';
import { answer, type Endpoint } from './endpoint.js';
import { FORBIDDEN_LITERALS } from './forbidden-targets.js';
import { outgoing, RecordingOpener, SendingRig, settle, until } from './sending.js';

const resolver = { resolve: () => Promise.resolve(['127.0.0.1']) };

const OURS = { verdict: 'postpone', errorClass: 'proxy_error', statusCode: null };

describe('an egress proxy', () => {
  const rig = new SendingRig();
  const proxies: ConnectProxy[] = [];
  const logged: string[] = [];

  beforeEach(() => {
    logged.length = 0;
    for (const level of ['error', 'log'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => {
        logged.push(String(message));
      });
    }
  });

  afterEach(async () => {
    await rig.close();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
    jest.restoreAllMocks();
  });

  async function proxyThat(
    behaviour: ProxyBehaviour = tunnel,
    options: Parameters<typeof ConnectProxy.start>[1] = {},
  ): Promise<ConnectProxy> {
    const proxy = await ConnectProxy.start(behaviour, options);
    proxies.push(proxy);
    return proxy;
  }

  function senderThrough(egressProxy: string, options: SendingOptions = {}): UndiciSender {
    return rig.sender({
      resolver,
      egressProxy,
      certificateAuthorities: [testAuthority()],
      ...options,
    });
  }

  function secureEndpoint(name: 'endpoint' | 'self-signed' = 'endpoint'): Promise<Endpoint> {
    return rig.endpoint(undefined, { tls: certificate(name) });
  }

  describe('that works', () => {
    it('is asked for the address that was judged; name, TLS and request are the endpoint’s alone', async () => {
      const endpoint = await secureEndpoint();
      const proxy = await proxyThat();
      const opener = new RecordingOpener();
      const sender = senderThrough(proxy.url, { openSocket: opener.open });

      const first = await sender.send(outgoing(endpoint.url('endpoint.test')));
      const second = await sender.send(outgoing(endpoint.url('endpoint.test')));

      expect(first).toMatchObject({ verdict: 'success', remoteAddress: '127.0.0.1' });
      expect(first.timings.connectMs).toEqual(expect.any(Number));
      expect(first.timings.tlsMs).toEqual(expect.any(Number));
      expect(second).toMatchObject({ verdict: 'success', timings: { connectMs: null } });
      expect(proxy.asked).toEqual([`127.0.0.1:${endpoint.port}`]);
      expect(proxy.requests[0]?.headers).toEqual({
        host: `127.0.0.1:${endpoint.port}`,
        connection: 'close',
      });
      expect(endpoint.requests[0]?.headers['host']).toBe(`endpoint.test:${endpoint.port}`);
      expect(opener.sockets.map(({ remotePort }) => remotePort)).toEqual([
        Number(new URL(proxy.url).port),
      ]);
    });

    it('tunnels http too, so that it looks up no name', async () => {
      const endpoint = await rig.endpoint();
      const proxy = await proxyThat();

      const result = await senderThrough(proxy.url).send(outgoing(endpoint.url('plain.test')));

      expect(result.verdict).toBe('success');
      expect(proxy.asked).toEqual([`127.0.0.1:${endpoint.port}`]);
      expect(endpoint.requests[0]?.headers['host']).toBe(`plain.test:${endpoint.port}`);
    });

    it('is asked for IPv6 addresses in brackets', async () => {
      const endpoint = await rig.endpoint(undefined, { host: '::1' });
      const proxy = await proxyThat();

      const result = await senderThrough(proxy.url).send(outgoing(endpoint.url()));

      expect(result).toMatchObject({ verdict: 'success', remoteAddress: '::1' });
      expect(proxy.asked).toEqual([`[::1]:${endpoint.port}`]);
    });

    it('can be reached by TLS itself, and by a name', async () => {
      const endpoint = await secureEndpoint();
      const proxy = await proxyThat(tunnel, { tls: certificate('endpoint') });
      const url = proxy.url.replace('127.0.0.1', 'endpoint.test');

      const result = await senderThrough(url).send(outgoing(endpoint.url('endpoint.test')));

      expect(result.verdict).toBe('success');
      expect(proxy.connections).toBe(1);
    });

    it('is told who asks, in no other header than its own', async () => {
      const endpoint = await rig.endpoint();
      const proxy = await proxyThat();
      const url = proxy.url.replace('://', '://posthorn:p%40ss@');

      await senderThrough(url).send(outgoing(endpoint.url()));

      const credentials = `Basic ${Buffer.from('posthorn:p@ss').toString('base64')}`;
      expect(proxy.requests[0]?.headers['proxy-authorization']).toBe(credentials);
      expect(JSON.stringify(endpoint.requests)).not.toContain('proxy');
    });

    it('is used by the fetch of the sender as well', async () => {
      const endpoint = await rig.endpoint((socket) => socket.write(answer(200, 'token')));
      const proxy = await proxyThat();

      const response = await senderThrough(proxy.url).fetch(endpoint.url());

      expect(await response.text()).toBe('token');
      expect(proxy.asked).toHaveLength(1);
    });

    it('is not taken from the environment, nor switched off by it', async () => {
      const endpoint = await rig.endpoint();
      const proxy = await proxyThat();
      process.env['HTTP_PROXY'] = 'http://127.0.0.1:9';
      process.env['NO_PROXY'] = '*';
      try {
        expect((await senderThrough(proxy.url).send(outgoing(endpoint.url()))).verdict).toBe(
          'success',
        );
        expect((await rig.sender().send(outgoing(endpoint.url()))).verdict).toBe('success');
      } finally {
        delete process.env['HTTP_PROXY'];
        delete process.env['NO_PROXY'];
      }
      expect(proxy.asked).toHaveLength(1);
    });
  });

  describe('does not weaken the network policy', () => {
    it.each(Object.values(FORBIDDEN_LITERALS).flat())('%s is not even asked for', async (host) => {
      const proxy = await proxyThat();
      const sender = senderThrough(proxy.url, { allowedNetworks: [] });

      expect(await sender.send(outgoing(`https://${host}/`))).toMatchObject({
        verdict: 'reject',
        errorClass: 'ssrf_blocked',
      });
      expect(proxy.connections).toBe(0);
    });

    it('a name is judged by the address that is asked for', async () => {
      const proxy = await proxyThat();
      const answers = ['10.0.0.1', '169.254.169.254', '127.0.0.1'];
      const sender = senderThrough(proxy.url, {
        allowedNetworks: ['127.0.0.1/32'],
        resolver: { resolve: () => Promise.resolve(answers) },
      });
      const endpoint = await rig.endpoint();

      expect((await sender.send(outgoing(endpoint.url('mixed.test')))).verdict).toBe('success');
      answers.pop();
      expect(await sender.send(outgoing('http://other.test/'))).toMatchObject({
        errorClass: 'ssrf_blocked',
      });
      expect(proxy.asked).toEqual([`127.0.0.1:${endpoint.port}`]);
    });

    it('may stand in a network that endpoints may not', async () => {
      const proxy = await proxyThat(refuse(503));
      const sender = senderThrough(proxy.url, {
        allowedNetworks: [],
        resolver: { resolve: () => Promise.resolve(['8.8.8.8']) },
      });

      expect(await sender.send(outgoing('https://hooks.example.com/'))).toMatchObject(OURS);
      expect(proxy.asked).toEqual(['8.8.8.8:443']);
    });
  });

  describe('that fails is never the fault of the endpoint', () => {
    it.each([400, 403, 404, 407, 429, 500, 502, 503, 504, 301, 199])(
      'when it answers %i to CONNECT',
      async (status) => {
        const endpoint = await secureEndpoint();
        const proxy = await proxyThat(refuse(status));

        const result = await senderThrough(proxy.url).send(outgoing(endpoint.url('endpoint.test')));

        expect(result).toMatchObject({ ...OURS, responseHeaders: null, responseBody: null });
        expect(endpoint.connections).toBe(0);
      },
    );

    it.each<[string, ProxyBehaviour]>([
      ['closes', (client) => client.end()],
      ['resets', (client) => client.resetAndDestroy()],
      ['answers with garbage', (client) => client.write('SSH-2.0-OpenSSH\r\n')],
      ['answers with HTTP/2', (client) => client.write(Buffer.from([0, 0, 18, 4, 0, 0, 0, 0, 0]))],
      ['breaks off its answer', (client) => client.end('HTTP/1.1 200 Conn')],
      [
        'answers with 100 KB of headers',
        (client) => client.write(`HTTP/1.1 200 x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
      ],
    ])('when it %s', async (_what, behaviour) => {
      const endpoint = await secureEndpoint();
      const proxy = await proxyThat(behaviour);

      const result = await senderThrough(proxy.url).send(outgoing(endpoint.url('endpoint.test')));

      expect(result).toMatchObject(OURS);
      expect(proxy.connections).toBe(1);
    });

    it('when it cannot be reached', async () => {
      const proxy = await proxyThat();
      const { url } = proxy;
      await proxy.close();

      expect(await senderThrough(url).send(outgoing('http://endpoint.test/'))).toMatchObject(OURS);
    });

    it('when its name has no address', async () => {
      const sender = senderThrough('http://proxy.test:3128', {
        resolver: {
          resolve: (name) =>
            name === 'proxy.test' ? Promise.reject(new Error('no')) : Promise.resolve(['8.8.8.8']),
        },
      });

      expect(await sender.send(outgoing('https://endpoint.test/'))).toMatchObject(OURS);
    });

    it.each(['self-signed', 'expired', 'other-host'] as const)(
      'when its certificate is %s',
      async (name) => {
        const proxy = await proxyThat(tunnel, { tls: certificate(name) });
        const url = proxy.url.replace('127.0.0.1', 'endpoint.test');

        expect(await senderThrough(url).send(outgoing('https://endpoint.test/'))).toMatchObject(
          OURS,
        );
        expect(proxy.asked).toEqual([]);
      },
    );

    it('when it keeps everybody waiting', async () => {
      const clock = new ManualClock();
      const proxy = await proxyThat(() => undefined);
      const sending = senderThrough(proxy.url, { clock }).send(
        outgoing('https://endpoint.test/', { timeoutMs: 300 }),
      );
      await until(() => proxy.asked.length === 1);

      clock.advance(300);

      expect(await sending).toMatchObject({ ...OURS, timings: { totalMs: 300 } });
      await until(() => logged.length > 0);
      expect(logged).toEqual(['the egress proxy gave no answer in 300 ms; attempts wait for it']);
      expect(clock.pendingTimers).toBe(0);
    });

    it('which is told once, without its credentials, and once more when it works again', async () => {
      const endpoint = await rig.endpoint();
      let isBroken = true;
      const proxy = await proxyThat((client, request) => {
        (isBroken ? refuse(503) : tunnel)(client, request);
      });
      const sender = senderThrough(proxy.url.replace('://', '://user:secret-1@'));

      for (let attempt = 0; attempt < 3; attempt += 1) await sender.send(outgoing(endpoint.url()));
      isBroken = false;
      const result = await sender.send(outgoing(endpoint.url()));

      expect(result.verdict).toBe('success');
      expect(logged).toEqual([
        'the egress proxy answered 503 to CONNECT; attempts wait for it',
        'the egress proxy works again',
      ]);
    });

    it('and is told to the fetch of the sender apart', async () => {
      const proxy = await proxyThat(refuse(502));

      await expect(senderThrough(proxy.url).fetch('https://token.test/')).rejects.toMatchObject({
        errorClass: 'proxy_error',
      });
    });
  });

  describe('that says itself what is wrong with the endpoint is believed', () => {
    it.each([
      [502, 'proxy-status: squid; error=connection_refused', 'connection_refused'],
      [504, 'proxy-status: a, b; error=connection_timeout; details="x"', 'timeout'],
      [503, 'proxy-status: envoy;error="destination_ip_unroutable"', 'network_unreachable'],
      [502, 'proxy-status: p; error=destination_unavailable', 'network_unreachable'],
      [502, 'proxy-status: p; error=connection_terminated', 'connection_reset'],
      [503, 'x-squid-error: ERR_CONNECT_FAIL 111', 'connection_refused'],
      [503, 'x-squid-error: ERR_CONNECT_FAIL 110', 'timeout'],
      [503, 'x-squid-error: ERR_CONNECT_FAIL 113', 'network_unreachable'],
      [504, 'x-smokescreen-error: Timed out connecting to remote host: dial tcp', 'timeout'],
      [
        502,
        'x-smokescreen-error: Failed to connect to remote host: dial tcp 8.8.8.8:443: connect: connection refused',
        'connection_refused',
      ],
    ])('%i with %s', async (status, header, errorClass) => {
      const proxy = await proxyThat(refuse(status, [header]));

      const result = await senderThrough(proxy.url).send(outgoing('https://endpoint.test/'));

      expect(result).toMatchObject({ verdict: 'retry', errorClass, statusCode: null });
      expect(logged).toEqual([]);
    });

    it.each([
      [503, 'proxy-status: p; error=proxy_internal_error'],
      [503, 'proxy-status: p; error=connection_limit_reached'],
      [403, 'proxy-status: p; error=destination_ip_prohibited'],
      [502, 'proxy-status: p; error=dns_error'],
      [503, 'x-squid-error: ERR_CONNECT_FAIL 99'],
      [403, 'x-squid-error: ERR_ACCESS_DENIED 0'],
      [407, 'x-smokescreen-error: Egress proxying is denied to host'],
      [500, 'x-smokescreen-error: An unexpected error occurred: x'],
    ])('but %i with %s is its own', async (status, header) => {
      const proxy = await proxyThat(refuse(status, [header]));

      const result = await senderThrough(proxy.url).send(outgoing('https://endpoint.test/'));

      expect(result).toMatchObject(OURS);
    });

    it.each([
      ['opening tunnels for others', tunnel, { verdict: 'retry', errorClass: 'timeout' }],
      ['refusing others, too', refuse(503), OURS],
    ] as const)('while it waits for this one, by %s', async (_what, behaviour, expected) => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint();
      const proxy = await proxyThat((client, request) => {
        if (request.url !== '8.8.8.8:443') behaviour(client, request);
      });
      const sender = senderThrough(proxy.url, {
        clock,
        resolver: {
          resolve: (name) => Promise.resolve([name === 'dead.test' ? '8.8.8.8' : '127.0.0.1']),
        },
      });
      const dead = sender.send(outgoing('https://dead.test/', { timeoutMs: 300 }));
      await until(() => proxy.asked.length === 1);
      clock.advance(100);
      await sender.send(outgoing(endpoint.url('other.test')));

      clock.advance(200);

      expect(await dead).toMatchObject(expected);
    });
  });

  describe('once its tunnel stands', () => {
    it('leaves the endpoint to answer for its certificate', async () => {
      const endpoint = await secureEndpoint('self-signed');
      const proxy = await proxyThat();

      const result = await senderThrough(proxy.url).send(outgoing(endpoint.url('endpoint.test')));

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'tls_error' });
    });

    it('leaves the endpoint to answer for its time', async () => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint(() => undefined);
      const proxy = await proxyThat();
      const sending = senderThrough(proxy.url, { clock }).send(
        outgoing(endpoint.url(), { timeoutMs: 300 }),
      );
      await until(() => endpoint.requests.length === 1);

      clock.advance(300);

      expect(await sending).toMatchObject({ verdict: 'retry', errorClass: 'timeout' });
    });

    it('is a connection that breaks like any other', async () => {
      const endpoint = await rig.endpoint(() => undefined);
      const proxy = await proxyThat();
      const sending = senderThrough(proxy.url).send(outgoing(endpoint.url()));
      await until(() => endpoint.requests.length === 1);

      proxy.cut();

      expect(await sending).toMatchObject({ verdict: 'retry', errorClass: 'connection_reset' });
    });

    it('hands on what the endpoint said before it was asked, to be refused', async () => {
      const endpoint = await rig.endpoint(() => undefined);
      const proxy = await proxyThat((client) => {
        client.write(`HTTP/1.1 200 Connection established\r\n\r\n${answer(200, 'too soon')}`);
      });

      const result = await senderThrough(proxy.url).send(
        outgoing(endpoint.url(), { timeoutMs: 2_000 }),
      );

      expect(result).toMatchObject({ verdict: 'retry', statusCode: null });
    });
  });

  it('leaves nothing behind when an attempt is aborted while it is asked', async () => {
    const proxy = await proxyThat(() => undefined);
    const opener = new RecordingOpener();
    const sender = senderThrough(proxy.url, { openSocket: opener.open });
    const abort = new AbortController();
    const sending = sender.send(outgoing('https://endpoint.test/'), abort.signal);
    await until(() => proxy.asked.length === 1);

    abort.abort();

    expect(await sending).toMatchObject({ errorClass: 'aborted' });
    await settle();
    expect(opener.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(sender.connectionCount).toBe(0);
    expect(logged).toEqual([]);
  });
});
