import { SystemResolver } from '../../modules/sending/network/resolver.js';
import type { SendingOptions, UndiciSender } from '../../modules/sending/index.js';
import { ConnectionHook } from './connection-hook.js';
import { answer, type Endpoint } from './endpoint.js';
import { FORBIDDEN_ANSWERS, FORBIDDEN_NAMES } from './forbidden-targets.js';
import { type NameAnswer, NameServer } from './name-server.js';
import { outgoing, SendingRig, until } from './sending.js';

/** The one address that is allowed where something is. */
const ALLOWED = '127.0.0.1';

/** An address of this machine that is not allowed, where the trap listens all the same. */
const FORBIDDEN = '127.0.0.2';

describe('a URL with a name that leads to a forbidden target', () => {
  const rig = new SendingRig();
  const servers: NameServer[] = [];
  let hook: ConnectionHook;

  beforeEach(() => {
    hook = new ConnectionHook();
  });

  afterEach(async () => {
    hook.close();
    await rig.close();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function senderAsking(
    answerTo: (name: string) => NameAnswer,
    options: SendingOptions = {},
  ): Promise<{ sender: UndiciSender; names: NameServer }> {
    const names = await NameServer.start(answerTo);
    servers.push(names);
    const resolver = new SystemResolver({ servers: [names.address] });
    return { sender: rig.sender({ allowedNetworks: [], resolver, ...options }), names };
  }

  /** Endpoints at the same port of the allowed and of the forbidden address. */
  async function endpoints(): Promise<{ allowed: Endpoint; trap: Endpoint }> {
    const allowed = await rig.endpoint(
      (socket) => socket.end(answer(200, '', ['connection: close'])),
      { host: ALLOWED },
    );
    const trap = await rig.endpoint(undefined, { host: FORBIDDEN, port: allowed.port });
    return { allowed, trap };
  }

  it.each(FORBIDDEN_NAMES)('is refused: %s', async (name) => {
    const { sender } = await senderAsking(() => ['127.0.0.1', '::1']);

    for (const scheme of ['http', 'https']) {
      expect(await sender.send(outgoing(`${scheme}://${name}/`))).toMatchObject({
        verdict: 'reject',
        errorClass: 'ssrf_blocked',
        remoteAddress: null,
      });
    }
    expect(hook.count).toBe(0);
  });

  it.each(FORBIDDEN_ANSWERS)('is refused, without telling where: %s', async (...answers) => {
    const { sender } = await senderAsking(() => answers);

    const result = await sender.send(outgoing('https://hooks.example.com/'));

    expect(result).toMatchObject({ verdict: 'reject', errorClass: 'ssrf_blocked' });
    expect(JSON.stringify(result)).not.toContain(answers[0]);
    await expect(sender.fetch('https://hooks.example.com/')).rejects.toMatchObject({
      errorClass: 'ssrf_blocked',
    });
    expect(hook.count).toBe(0);
  });

  it.each([
    [['not an address']],
    [['127.1']],
    [['0x7f000001']],
    [['fe80::1%eth0']],
    [['[::1]']],
    [['127.0.0.1:80']],
    [['localhost']],
    [['']],
  ])('is refused when a resolver of the application answers %j', async (answers) => {
    const sender = rig.sender({
      allowedNetworks: [],
      resolver: { resolve: () => Promise.resolve(answers) },
    });

    expect(await sender.send(outgoing('http://hooks.example.com/'))).toMatchObject({
      errorClass: 'ssrf_blocked',
    });
    expect(hook.count).toBe(0);
  });

  describe('among allowed ones', () => {
    it.each([
      [[FORBIDDEN, ALLOWED]],
      [[ALLOWED, FORBIDDEN]],
      [['10.0.0.1', '169.254.169.254', FORBIDDEN, '::1', 'fd00:ec2::254', ALLOWED]],
    ])('has only the allowed ones dialled: %j', async (answers) => {
      const { allowed, trap } = await endpoints();
      const { sender } = await senderAsking(() => answers, { allowedNetworks: [`${ALLOWED}/32`] });

      const result = await sender.send(outgoing(allowed.url('mixed.test')));

      expect(result).toMatchObject({ verdict: 'success', remoteAddress: ALLOWED });
      expect(hook.count).toBe(1);
      expect(trap.connections).toBe(0);
    });

    it('has no forbidden one dialled when the allowed ones fail', async () => {
      const { allowed, trap } = await endpoints();
      const { sender } = await senderAsking(() => [ALLOWED, FORBIDDEN], {
        allowedNetworks: [`${ALLOWED}/32`],
      });
      const url = allowed.url('mixed.test');
      await allowed.close();

      expect(await sender.send(outgoing(url))).toMatchObject({
        verdict: 'retry',
        errorClass: 'connection_refused',
        remoteAddress: ALLOWED,
      });
      expect(trap.connections).toBe(0);
    });
  });

  describe('by turns (DNS rebinding)', () => {
    it('has never a forbidden address dialled, in two hundred attempts at once and in turn', async () => {
      const { allowed, trap } = await endpoints();
      let asked = 0;
      const { sender } = await senderAsking(() => (asked++ % 3 === 0 ? [ALLOWED] : [FORBIDDEN]), {
        allowedNetworks: [`${ALLOWED}/32`],
      });

      const classes = new Set<string | null>();
      for (let round = 0; round < 20; round += 1) {
        const results = await Promise.all(
          Array.from({ length: 10 }, (_, index) =>
            sender.send(outgoing(allowed.url(`rebind-${index}.test`))),
          ),
        );
        for (const { errorClass } of results) classes.add(errorClass);
      }

      expect(classes).toEqual(new Set([null, 'ssrf_blocked']));
      expect(trap.connections).toBe(0);
      expect(allowed.connections).toBe(hook.count);
      expect(allowed.connections).toBeGreaterThan(20);
    });

    it('is asked for once for each connection: there is no second look-up to answer differently', async () => {
      const { allowed } = await endpoints();
      const { sender, names } = await senderAsking(() => [ALLOWED], {
        allowedNetworks: [`${ALLOWED}/32`],
      });

      await sender.send(outgoing(allowed.url('once.test')));
      await sender.send(outgoing(allowed.url('once.test')));

      expect([...names.asked].sort()).toEqual([
        ...['once.test/A', 'once.test/A', 'once.test/AAAA', 'once.test/AAAA'],
      ]);
    });

    it('keeps an open connection with the address that was judged, and judges the next anew', async () => {
      const endpoint = await rig.endpoint(undefined, { host: ALLOWED });
      const trap = await rig.endpoint(undefined, { host: FORBIDDEN, port: endpoint.port });
      let address = ALLOWED;
      const { sender } = await senderAsking(() => [address], {
        allowedNetworks: [`${ALLOWED}/32`],
      });
      await sender.send(outgoing(endpoint.url('keep.test')));
      address = FORBIDDEN;

      const reused = await sender.send(outgoing(endpoint.url('keep.test')));
      for (const socket of endpoint.sockets) socket.destroy();
      await until(() => sender.connectionCount === 0);
      const redialled = await sender.send(outgoing(endpoint.url('keep.test')));

      expect(reused).toMatchObject({ verdict: 'success', remoteAddress: ALLOWED });
      expect(redialled).toMatchObject({ verdict: 'reject', errorClass: 'ssrf_blocked' });
      expect(trap.connections).toBe(0);
      expect(hook.count).toBe(1);
    });
  });

  describe('behind a redirect', () => {
    it.each([
      'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
      'http://[fd00:ec2::254]/latest/meta-data/',
      'http://metadata.google.internal/computeMetadata/v1/',
      'http://127.0.0.2/',
      'http://10.0.0.1/',
      '//169.254.169.254/',
      'gopher://127.0.0.1:6379/_FLUSHALL',
    ])('is not even looked up: %s', async (location) => {
      const { sender, names } = await senderAsking(() => [ALLOWED], {
        allowedNetworks: [`${ALLOWED}/32`],
      });

      for (const status of [301, 302, 303, 307, 308]) {
        const endpoint = await rig.endpoint(
          (socket) => socket.write(answer(status, '', [`location: ${location}`])),
          { host: ALLOWED },
        );
        const result = await sender.send(outgoing(endpoint.url('redirect.test')));
        expect(result).toMatchObject({ verdict: 'reject', errorClass: 'redirect_refused' });
        expect((await sender.fetch(endpoint.url('redirect.test'))).status).toBe(status);
        expect(endpoint.connections).toBe(1);
      }

      expect(hook.count).toBe(5);
      expect(new Set(names.asked)).toEqual(new Set(['redirect.test/A', 'redirect.test/AAAA']));
    });
  });

  it('shares no connection with another name of the same address', async () => {
    const endpoint = await rig.endpoint(undefined, { host: ALLOWED });
    const { sender } = await senderAsking(() => [ALLOWED], { allowedNetworks: [`${ALLOWED}/32`] });

    await sender.send(outgoing(endpoint.url('one.test')));
    await sender.send(outgoing(endpoint.url('two.test')));

    expect(endpoint.connections).toBe(2);
    expect(endpoint.requests.map(({ headers }) => headers['host'])).toEqual([
      `one.test:${endpoint.port}`,
      `two.test:${endpoint.port}`,
    ]);
  });
});
