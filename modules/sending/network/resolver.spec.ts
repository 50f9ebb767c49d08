import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { SystemResolver } from './resolver.js';

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NO_ERROR = 0;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

/** What the DNS server knows of a name; `silent` is never answered. */
type Zone = Readonly<
  Record<string, 'silent' | 'broken' | { a?: readonly number[]; aaaa?: readonly number[] }>
>;

describe('SystemResolver', () => {
  const servers: Socket[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, 'close');
    }
  });

  it('knows the loopback names without asking', async () => {
    const resolver = new SystemResolver({ servers: ['127.0.0.1:9'] });

    expect(await resolver.resolve('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await resolver.resolve('localhost.')).toEqual(['127.0.0.1', '::1']);
    expect(await resolver.resolve('api.localhost')).toEqual(['127.0.0.1', '::1']);
  });

  it('gives IPv4 addresses first, then IPv6 ones', async () => {
    const { resolver } = await resolverOf({
      'both.test': { a: [192, 0, 2, 1], aaaa: [0x20, 1, ...new Array<number>(13).fill(0), 5] },
      'six.test': { aaaa: [0x20, 1, ...new Array<number>(13).fill(0), 6] },
    });

    expect(await resolver.resolve('both.test')).toEqual(['192.0.2.1', '2001::5']);
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
      'alive.test': { a: [192, 0, 2, 1] },
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
    const { resolver, asked } = await resolverOf({ 'alive.test': { a: [192, 0, 2, 1] } });

    await Promise.all([resolver.resolve('alive.test'), resolver.resolve('alive.test')]);
    expect(asked.filter((question) => question === `alive.test/${TYPE_A}`)).toHaveLength(1);

    await resolver.resolve('alive.test');
    expect(asked.filter((question) => question === `alive.test/${TYPE_A}`)).toHaveLength(2);
  });

  async function resolverOf(zone: Zone): Promise<{ resolver: SystemResolver; asked: string[] }> {
    const asked: string[] = [];
    const server = createSocket('udp4');
    servers.push(server);
    server.on('message', (query, from) => {
      const { name, type, end } = questionOf(query);
      asked.push(`${name}/${type}`);
      const known = zone[name];
      if (known !== 'silent')
        server.send(replyTo(query, end, known, type), from.port, from.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      resolver: new SystemResolver({
        servers: [`127.0.0.1:${server.address().port}`],
        queryTimeoutMs: 250,
      }),
      asked,
    };
  }
});

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function replyTo(
  query: Buffer,
  questionEnd: number,
  known: Zone[string] | undefined,
  type: number,
) {
  const code = known === undefined ? NO_SUCH_NAME : known === 'broken' ? SERVER_FAILURE : NO_ERROR;
  const records = typeof known === 'object' ? known : {};
  const address = type === TYPE_A ? records.a : type === TYPE_AAAA ? records.aaaa : undefined;
  const head = Buffer.from(query.subarray(0, questionEnd));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(address ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  if (!address) return head;
  const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, address.length, ...address]);
  return Buffer.concat([head, record]);
}
