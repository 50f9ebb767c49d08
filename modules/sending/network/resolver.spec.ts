import { type NameAnswer, NameServer } from '../../../test/hostile/name-server.js';
import { SystemResolver } from './resolver.js';

describe('SystemResolver', () => {
  const servers: NameServer[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function resolverOf(
    zone: Readonly<Record<string, NameAnswer>>,
  ): Promise<{ resolver: SystemResolver; asked: readonly string[] }> {
    const server = await NameServer.start((name) => zone[name]);
    servers.push(server);
    const resolver = new SystemResolver({ servers: [server.address], queryTimeoutMs: 250 });
    return { resolver, asked: server.asked };
  }

  it('knows the loopback names without asking', async () => {
    const resolver = new SystemResolver({ servers: ['127.0.0.1:9'] });

    expect(await resolver.resolve('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await resolver.resolve('localhost.')).toEqual(['127.0.0.1', '::1']);
    expect(await resolver.resolve('api.localhost')).toEqual(['127.0.0.1', '::1']);
  });

  it('gives IPv4 addresses first, then IPv6 ones', async () => {
    const { resolver } = await resolverOf({
      'both.test': ['2001::5', '192.0.2.1', '192.0.2.2'],
      'six.test': ['2001::6'],
    });

    expect(await resolver.resolve('both.test')).toEqual(['192.0.2.1', '192.0.2.2', '2001::5']);
    expect(await resolver.resolve('six.test')).toEqual(['2001::6']);
  });

  it('fails for a name that nobody knows', async () => {
    const { resolver } = await resolverOf({});

    await expect(resolver.resolve('nowhere.invalid')).rejects.toThrow(/nowhere\.invalid/);
  });

  it('fails when the servers fail, without asking the system', async () => {
    const { resolver } = await resolverOf({ 'broken.test': 'broken' });

    await expect(resolver.resolve('broken.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  it('does not hold up other names while the servers of many do not answer', async () => {
    const silent = Array.from({ length: 50 }, (_, index) => `silent-${index}.test`);
    const { resolver } = await resolverOf({
      ...Object.fromEntries(silent.map((name) => [name, 'silent'])),
      'alive.test': ['192.0.2.1'],
    });
    let ended = 0;
    const waiting = silent.map((name) =>
      resolver.resolve(name).catch(() => {
        ended += 1;
      }),
    );

    expect(await resolver.resolve('alive.test')).toEqual(['192.0.2.1']);
    expect(ended).toBe(0);

    await Promise.all(waiting);
  });

  it('asks once for concurrent questions, and anew for the next', async () => {
    const { resolver, asked } = await resolverOf({ 'alive.test': ['192.0.2.1'] });

    await Promise.all([resolver.resolve('alive.test'), resolver.resolve('alive.test')]);
    expect(asked).toHaveLength(2);
    expect(new Set(asked)).toEqual(new Set(['alive.test/A', 'alive.test/AAAA']));

    await resolver.resolve('alive.test');
    expect(asked).toHaveLength(4);
  });
});
