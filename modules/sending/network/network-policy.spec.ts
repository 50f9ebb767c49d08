import fc from 'fast-check';
import { NetworkPolicy } from './network-policy.js';

const FORBIDDEN = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255'],
  ...['127.0.0.1', '127.255.255.254', '169.254.0.1', '169.254.169.254', '169.254.170.2'],
  ...['172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1'],
  ...['192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1'],
  ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '100.100.100.200'],
  ...['168.63.129.16', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:10.0.0.1'],
  ...['::ffff:0:127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1'],
  ...['100::1', '2001::1', '2001:2::1', '2001:10::1', '2001:20::1', '2001:db8::1'],
  ...['2002:7f00:1::', '2002:a00:1::1', '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254'],
  ...['2606:4700::5efe:8.8.8.8', '2606:4700::200:5efe:10.0.0.1', 'fd00:c1::a9fe:a9fe'],
  ...['fdff:ffff::1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1', 'ff0e::1'],
];

const PUBLIC = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1'],
  ...['126.0.0.1', '128.0.0.1', '172.15.0.1', '172.32.0.1', '192.0.1.1', '192.167.0.1'],
  ...['192.169.0.1', '198.17.0.1', '198.20.0.1', '223.255.255.255', '168.63.129.17'],
  ...['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2606:4700::1111', '2a00:1450::1', '2003::1'],
  // The last bits look like private or link-local addresses, which means nothing in a public network.
  ...['2606:4700::7f00:1', '2606:4700::a00:1', '2606:4700::a9fe:1', '2606:4700::5eff:7f00:1'],
];

describe('NetworkPolicy', () => {
  const policy = new NetworkPolicy();

  it.each(FORBIDDEN)('refuses %s', (address) => {
    expect(policy.isAllowed(address)).toBe(false);
  });

  it.each(PUBLIC)('allows %s', (address) => {
    expect(policy.isAllowed(address)).toBe(true);
  });

  it.each(['', 'localhost', '127.1', '0x7f.1', '2130706433', '1.1.1.1.', '[::1]', '1.1.1.1/32'])(
    'refuses %p, which is no address',
    (text) => {
      expect(policy.isAllowed(text)).toBe(false);
    },
  );

  it('judges an IPv4 address alike in its own form, mapped into IPv6 and translated by NAT64', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const verdict = policy.isAllowed(address);
        expect(policy.isAllowed(`::ffff:${address}`)).toBe(verdict);
        expect(policy.isAllowed(`64:ff9b::${address}`)).toBe(verdict);
      }),
    );
  });

  it('gives an answer for every address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        expect(typeof policy.isAllowed(address)).toBe('boolean');
      }),
    );
  });

  describe('with allowed networks', () => {
    it('opens exactly those', () => {
      const opened = new NetworkPolicy(['10.1.0.0/16', '::1/128', 'fd12::/16']);

      expect(opened.isAllowed('10.1.255.1')).toBe(true);
      expect(opened.isAllowed('::ffff:10.1.0.1')).toBe(true);
      expect(opened.isAllowed('10.2.0.1')).toBe(false);
      expect(opened.isAllowed('::1')).toBe(true);
      expect(opened.isAllowed('::2')).toBe(false);
      expect(opened.isAllowed('fd12::9')).toBe(true);
      expect(opened.isAllowed('fd13::9')).toBe(false);
    });

    it('never opens a metadata service, in whatever form it is addressed', () => {
      const everything = new NetworkPolicy(['0.0.0.0/0', '::/0', '169.254.169.254/32']);

      for (const address of [
        ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200'],
        ...['168.63.129.16', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', '100.96.0.96'],
        ...['169.254.0.1', '169.254.255.255', 'fd00:ec2:1::1', 'fd00:ec2::254%eth0'],
        ...['fe80::a9fe:a9fe', 'fe80::a9fe:a9fe%eth0', '2606:4700:64::169.254.169.254'],
        ...['::ffff:169.254.169.254', '::169.254.169.254', '::ffff:0:169.254.169.254'],
        ...['64:ff9b::169.254.169.254', '64:ff9b:1::169.254.169.254', '2002:a9fe:a9fe::1'],
        ...['64:ff9b:1:a9fe:a9:fe00::', '64:ff9b:1:a9:fe:a9fe::', '64:ff9b:1:0:a9:fea9:fe00:0'],
        ...['2001:0:4136:e378:8000:63bf:5601:5601', 'fe80::5efe:169.254.169.254'],
      ]) {
        expect([address, everything.isAllowed(address)]).toEqual([address, false]);
      }
      expect(everything.isAllowed('127.0.0.1')).toBe(true);
      expect(everything.isAllowed('fe80::1')).toBe(true);
    });

    it('judges what stands for an IPv4 address as that address alone', () => {
      const opened = new NetworkPolicy(['64:ff9b::/96', '::ffff:0:0/96', '10.0.0.0/8']);

      expect(opened.isAllowed('64:ff9b::10.0.0.1')).toBe(true);
      expect(opened.isAllowed('64:ff9b::192.168.0.1')).toBe(false);
      expect(opened.isAllowed('::ffff:127.0.0.1')).toBe(false);
    });

    it('refuses what is denied, be it public, allowed, mapped or translated', () => {
      const limited = new NetworkPolicy(
        ['10.0.0.0/8'],
        ['10.9.0.0/16', '203.0.114.0/24', '2606:4700::/32', '::ffff:8.8.8.8/128'],
      );

      expect(limited.isAllowed('10.8.0.1')).toBe(true);
      for (const address of [
        ...['10.9.0.1', '::ffff:10.9.0.1', '64:ff9b::10.9.0.1', '203.0.114.1', '2606:4700::1'],
        ...['64:ff9b::203.0.114.1', '::ffff:8.8.8.8'],
      ]) {
        expect([address, limited.isAllowed(address)]).toEqual([address, false]);
      }
    });

    it('reports every text that is no network', () => {
      const networks = ['10.0.0.0/8', '10.0.0.1', '10.0.0.0/33', 'private', '::1/129', ''];

      expect(() => new NetworkPolicy(networks)).toThrow(
        expect.objectContaining({
          code: 'PSH_SENDING_INVALID_OPTIONS',
          problems: [1, 2, 3, 4, 5].map(
            (index) => expect.objectContaining({ field: `allowedNetworks[${index}]` }) as unknown,
          ),
        }),
      );
    });
  });
});
