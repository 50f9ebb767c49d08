import { outgoing, RecordingOpener, SendingRig } from './sending.js';

/** Ways to write a target that must never be dialled, without a port. */
const LITERALS = [
  // Loopback in every notation that the URL standard reads.
  ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '0177.0.0.1', '0x7f.0.0.1', '0x7f.1'],
  ...['0x7f000001', '2130706433', '017700000001', '127.0.0.1.', '①②⑦.⓪.⓪.①', '127。0。0。1'],
  ...['%31%32%37.0.0.1', '127.0.0.0x1', '0', '0.0.0.0', '0x0', '0.0.0.1', '0.255.255.255'],
  // Private, shared, link-local.
  ...['10.0.0.1', '10.255.255.255', '167772161', '0xa.1', '012.0.0.1', '172.16.0.1'],
  ...['172.31.255.255', '0xac100001', '192.168.0.1', '192.168.255.255', '3232235521'],
  ...['100.64.0.1', '100.127.255.255', '169.254.0.1', '169.254.255.255'],
  // Special-purpose.
  ...['192.0.0.1', '192.0.0.8', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255'],
  ...['198.51.100.7', '203.0.113.7', '224.0.0.1', '239.255.255.250', '240.0.0.1'],
  ...['255.255.255.254', '255.255.255.255', '4294967295', '0xffffffff'],
  // Metadata services.
  ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518'],
  ...['169.254.170.2', '169.254.170.23', '169.254.42.42', '100.100.100.200', '168.63.129.16'],
  ...['192.0.0.192', '[fd00:ec2::254]', '[fd00:ec2::23]', '[fd20:ce::254]', '[fd00:42::42]'],
  // IPv6.
  ...['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[::2]', '[100::1]', '[fc00::1]'],
  ...['[fdff::1]', '[fe80::1]', '[febf::1]', '[fec0::1]', '[feff::1]', '[ff02::1]', '[ff0e::1]'],
  ...['[2001:db8::1]', '[2001:2::1]', '[2001:10::1]', '[2001:20::1]', '[3fff::1]', '[5f00::1]'],
  ...['[4000::1]', '[8000::1]', '[1::1]', '[200::5efe:7f00:1]', '[::5efe:127.0.0.1]'],
  // IPv4 inside IPv6.
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:0001]', '[::ffff:10.0.0.1]'],
  ...['[::ffff:169.254.169.254]', '[::ffff:0.0.0.0]', '[::127.0.0.1]', '[::7f00:1]'],
  ...['[::169.254.169.254]', '[::ffff:0:127.0.0.1]', '[64:ff9b::127.0.0.1]'],
  ...['[64:ff9b::10.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b::192.168.1.1]'],
  ...['[64:ff9b:1::1]', '[64:ff9b:1::8.8.8.8]', '[2002:7f00:1::]', '[2002:a00:1::1]'],
  ...['[2002:a9fe:a9fe::]', '[2002:c0a8:101::1]', '[2001::1]', '[2001:0:7f00:1::]'],
  ...['[2001:0:4136:e378:8000:63bf:80ff:fffe]'],
];

/** What a name may resolve to without being dialled. */
const FORBIDDEN_ANSWERS = [
  ['127.0.0.1'],
  ['::1'],
  ['10.0.0.1', '192.168.0.1'],
  ['169.254.169.254'],
  ['::ffff:169.254.169.254'],
  ['64:ff9b::7f00:1'],
  ['fe80::1%eth0'],
  ['0.0.0.0'],
  ['not an address'],
  ['127.1'],
];

describe('server-side request forgery', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('is tried with more than a hundred targets here', () => {
    expect(new Set(LITERALS).size).toBeGreaterThan(100);
  });

  it.each(LITERALS)('is refused for %s without a lookup and without a socket', async (host) => {
    const opener = new RecordingOpener();
    const asked: string[] = [];
    const resolver = {
      resolve: (name: string) => {
        asked.push(name);
        return Promise.resolve(['127.0.0.1']);
      },
    };
    const sender = rig.sender({ allowedNetworks: [], openSocket: opener.open, resolver });

    for (const scheme of ['http', 'https']) {
      const result = await sender.send(outgoing(`${scheme}://${host}:8080/`));

      expect(result).toMatchObject({
        verdict: 'reject',
        errorClass: 'ssrf_blocked',
        statusCode: null,
        remoteAddress: null,
      });
    }
    expect(opener.addresses).toEqual([]);
    expect(asked).toEqual([]);
    expect(sender.connectionCount).toBe(0);
  });

  it.each(FORBIDDEN_ANSWERS)('is refused for a name that resolves to %s', async (...answers) => {
    const opener = new RecordingOpener();
    const sender = rig.sender({
      allowedNetworks: [],
      openSocket: opener.open,
      resolver: { resolve: () => Promise.resolve(answers) },
    });

    const result = await sender.send(outgoing('http://hooks.example.com/'));

    expect(result).toMatchObject({
      verdict: 'reject',
      errorClass: 'ssrf_blocked',
      remoteAddress: null,
    });
    expect(result.errorMessage).not.toContain(answers[0]);
    expect(opener.addresses).toEqual([]);
  });

  it('does not reach a real server on the loopback', async () => {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ allowedNetworks: [] });

    for (const host of ['127.0.0.1', 'localhost', '0x7f.1', '::ffff:127.0.0.1', '0.0.0.0']) {
      expect(await sender.send(outgoing(endpoint.url(host)))).toMatchObject({
        errorClass: 'ssrf_blocked',
      });
    }
    expect(endpoint.connections).toBe(0);
  });

  it('does not get past allowed networks to a metadata service', async () => {
    const opener = new RecordingOpener();
    const sender = rig.sender({
      allowedNetworks: ['0.0.0.0/0', '::/0', '169.254.169.254/32'],
      openSocket: opener.open,
      resolver: { resolve: () => Promise.resolve(['169.254.169.254', 'fd00:ec2::254']) },
    });

    for (const host of ['169.254.169.254', '[::ffff:a9fe:a9fe]', 'metadata.example.com']) {
      expect(await sender.send(outgoing(`http://${host}/latest/meta-data`))).toMatchObject({
        errorClass: 'ssrf_blocked',
      });
    }
    expect(opener.addresses).toEqual([]);
  });

  it('does not profit from a name with mixed addresses: only the allowed ones are dialled', async () => {
    const endpoint = await rig.endpoint();
    const opener = new RecordingOpener();
    const sender = rig.sender({
      allowedNetworks: ['127.0.0.1/32'],
      openSocket: opener.open,
      resolver: {
        resolve: () => Promise.resolve(['10.0.0.1', '::1', '127.0.0.1', '169.254.169.254']),
      },
    });

    const result = await sender.send(outgoing(endpoint.url('mixed.test')));

    expect(result).toMatchObject({ verdict: 'success', remoteAddress: '127.0.0.1' });
    expect(opener.addresses).toEqual(['127.0.0.1']);
  });

  it('does not profit from rebinding: what was judged is dialled, and asked for once', async () => {
    const endpoint = await rig.endpoint((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    });
    const opener = new RecordingOpener();
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1']];
    let asked = 0;
    const sender = rig.sender({
      allowedNetworks: ['127.0.0.1/32'],
      openSocket: opener.open,
      resolver: { resolve: () => Promise.resolve(answers[asked++] ?? []) },
    });

    const results = [
      await sender.send(outgoing(endpoint.url('rebind.test'))),
      await sender.send(outgoing(endpoint.url('rebind.test'))),
      await sender.send(outgoing(endpoint.url('rebind.test'))),
    ];

    expect(results.map(({ errorClass }) => errorClass)).toEqual([null, 'ssrf_blocked', null]);
    expect(opener.addresses).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(asked).toBe(3);
  });

  it('does not profit from keep-alive: an open connection stays with the address that was judged', async () => {
    const endpoint = await rig.endpoint();
    const opener = new RecordingOpener();
    let address = '127.0.0.1';
    const sender = rig.sender({
      allowedNetworks: ['127.0.0.1/32'],
      openSocket: opener.open,
      resolver: { resolve: () => Promise.resolve([address]) },
    });
    await sender.send(outgoing(endpoint.url('keep.test')));
    address = '10.0.0.1';

    const reused = await sender.send(outgoing(endpoint.url('keep.test')));
    for (const socket of opener.sockets) socket.destroy();
    const redialled = await sender.send(outgoing(endpoint.url('keep.test')));

    expect(reused).toMatchObject({ verdict: 'success', remoteAddress: '127.0.0.1' });
    expect(redialled).toMatchObject({ errorClass: 'ssrf_blocked' });
    expect(opener.addresses).toEqual(['127.0.0.1']);
  });

  it('does not share a connection between hosts of one address', async () => {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ resolver: { resolve: () => Promise.resolve(['127.0.0.1']) } });

    await sender.send(outgoing(endpoint.url('one.test')));
    await sender.send(outgoing(endpoint.url('two.test')));

    expect(endpoint.connections).toBe(2);
    expect(endpoint.requests.map(({ headers }) => headers['host'])).toEqual([
      `one.test:${endpoint.port}`,
      `two.test:${endpoint.port}`,
    ]);
  });

  it('reaches what is allowed', async () => {
    const endpoint = await rig.endpoint(undefined, { host: '::1' });

    expect(await rig.sender().send(outgoing(endpoint.url()))).toMatchObject({
      verdict: 'success',
      remoteAddress: '::1',
    });
  });
});
