import { ConnectionHook } from './connection-hook.js';
import type { Endpoint } from './endpoint.js';
import { FORBIDDEN_LITERALS, NO_HOSTS } from './forbidden-targets.js';
import { outgoing, SendingRig } from './sending.js';

const ALL = Object.values(FORBIDDEN_LITERALS).flat();

describe('a URL with the address of a forbidden target', () => {
  const rig = new SendingRig();
  let hook: ConnectionHook;
  /** Listens on every address of this machine: whoever gets through to any of them is noticed. */
  let trap: Endpoint;

  beforeEach(async () => {
    trap = await rig.endpoint(undefined, { host: '::' });
    hook = new ConnectionHook();
    asked.length = 0;
  });

  afterEach(async () => {
    hook.close();
    await rig.close();
  });

  const asked: string[] = [];
  const resolver = {
    resolve: (name: string) => {
      asked.push(name);
      return Promise.resolve(['127.0.0.1']);
    },
  };

  it('is tried in more than 150 ways here, and the hook and the trap work', async () => {
    expect(new Set(ALL).size).toBeGreaterThan(150);

    const sender = rig.sender({ allowedNetworks: ['127.0.0.0/8', '::1/128'] });
    for (const host of ['127.0.0.1', '127.0.0.2', '::1']) {
      const result = await sender.send(outgoing(trap.url(host)));
      expect(result).toMatchObject({ verdict: 'success', remoteAddress: host });
    }

    expect(hook.count).toBe(3);
    expect(trap.connections).toBe(3);
  });

  describe.each(Object.entries(FORBIDDEN_LITERALS))('that is %s', (_category, hosts) => {
    it.each(hosts)('%s: no look-up and no connection, whoever asks', async (host) => {
      const sender = rig.sender({ allowedNetworks: [], resolver });

      for (const scheme of ['http', 'https']) {
        const url = `${scheme}://${host}:${trap.port}/`;

        expect(await sender.send(outgoing(url))).toMatchObject({
          verdict: 'reject',
          errorClass: 'ssrf_blocked',
          statusCode: null,
          remoteAddress: null,
        });
        await expect(sender.fetch(url)).rejects.toMatchObject({ errorClass: 'ssrf_blocked' });
      }
      expect(hook.count).toBe(0);
      expect(trap.connections).toBe(0);
      expect(asked).toEqual([]);
      expect(sender.connectionCount).toBe(0);
    });
  });

  it.each(NO_HOSTS)('that is none, %j, is refused before anything else', async (host) => {
    const sender = rig.sender({ allowedNetworks: ['0.0.0.0/0', '::/0'], resolver });

    const result = await sender.send(outgoing(`http://${host}:${trap.port}/`));

    expect(result).toMatchObject({ verdict: 'reject', errorClass: 'invalid_request' });
    expect(hook.count).toBe(0);
    expect(asked).toEqual([]);
  });

  it.each([
    'http://127.0.0.1:80@example.com/',
    'http://example.com:80@127.0.0.1/',
    'http://example.com@127.0.0.1/',
    'http://user:password@127.0.0.1/',
    'gopher://127.0.0.1/',
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'unix:///var/run/docker.sock',
    'data:text/plain,x',
    '//127.0.0.1/',
    'http:127.0.0.1\u0000',
    'jar:http://127.0.0.1!/',
  ])('hidden in %j is refused', async (url) => {
    const sender = rig.sender({ allowedNetworks: [], resolver });

    const result = await sender.send(outgoing(url));

    expect(result.verdict).toBe('reject');
    expect(['invalid_request', 'ssrf_blocked']).toContain(result.errorClass);
    expect(hook.count).toBe(0);
    expect(asked).toEqual([]);
  });

  it.each([
    'http:\\\\127.0.0.1\\',
    'http:127.0.0.1',
    'http:////127.0.0.1/',
    ' http://127.0.0.1/\n',
    'http://127.0.0.1#@example.com/',
    'http://127.0.0.1\\@example.com/',
    'ht\ntp://127.0.\t0.1/',
  ])('that others read differently, %j, is judged by what would be dialled', async (url) => {
    const sender = rig.sender({ allowedNetworks: [], resolver });

    expect(await sender.send(outgoing(url))).toMatchObject({ errorClass: 'ssrf_blocked' });
    expect(hook.count).toBe(0);
    expect(asked).toEqual([]);
  });

  it.each(FORBIDDEN_LITERALS['metadata services'] ?? [])(
    'stays refused where everything is allowed, if it is that of a metadata service: %s',
    async (host) => {
      const sender = rig.sender({
        allowedNetworks: ['0.0.0.0/0', '::/0', '169.254.169.254/32', 'fd00:ec2::254/128'],
      });

      const result = await sender.send(outgoing(`http://${host}:${trap.port}/latest/meta-data`));

      expect(result).toMatchObject({ verdict: 'reject', errorClass: 'ssrf_blocked' });
      expect(hook.count).toBe(0);
    },
  );

  it.each([0, 1, 22, 25, 53, 110, 143, 389, 465, 587, 993, 2049, 5060, 6000, 6667, 10_080])(
    'is refused at port %i, which belongs to another protocol, where everything is allowed',
    async (port) => {
      const sender = rig.sender({ allowedNetworks: ['0.0.0.0/0', '::/0'] });

      const result = await sender.send(outgoing(`http://127.0.0.1:${port}/`));

      expect(result).toMatchObject({ verdict: 'reject', errorClass: 'ssrf_blocked' });
      expect(hook.count).toBe(0);
    },
  );

  it('is refused where the operator denies it, although it is allowed', async () => {
    const sender = rig.sender({
      allowedNetworks: ['127.0.0.0/8'],
      deniedNetworks: ['127.0.0.2/32'],
    });

    const denied = await sender.send(outgoing(trap.url('127.0.0.2')));
    const mapped = await sender.send(outgoing(trap.url('::ffff:127.0.0.2')));
    const allowed = await sender.send(outgoing(trap.url('127.0.0.1')));

    expect([denied, mapped].map(({ errorClass }) => errorClass)).toEqual([
      'ssrf_blocked',
      'ssrf_blocked',
    ]);
    expect(allowed.verdict).toBe('success');
    expect(hook.count).toBe(1);
  });
});
