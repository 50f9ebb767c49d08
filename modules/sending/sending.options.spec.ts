import { testAuthority } from '../../test/hostile/certificates.js';
import { checkSendingOptions } from './sending.options.js';

describe('the options of the sending module', () => {
  it('have defaults that are safe', () => {
    expect(checkSendingOptions({})).toMatchObject({
      isHttpAllowed: false,
      allowedNetworks: [],
      deniedNetworks: [],
      egressProxy: null,
      maxBodyBytes: 1_048_576,
      maxConnections: 1_024,
      maxConnectionsPerOrigin: 256,
      idleTimeoutMs: 4_000,
    });
  });

  it('are frozen', () => {
    expect(Object.isFrozen(checkSendingOptions({}))).toBe(true);
  });

  it('take certificates beside those of Node', () => {
    expect(() => checkSendingOptions({ certificateAuthorities: [testAuthority()] })).not.toThrow();
  });

  it('take a proxy, with what it asks for', () => {
    const proxyOf = (egressProxy: string): unknown =>
      checkSendingOptions({ egressProxy }).egressProxy;

    expect(proxyOf('http://proxy.internal:3128')).toEqual({
      isSecure: false,
      hostname: 'proxy.internal',
      isLiteral: false,
      port: 3128,
      authorization: null,
    });
    expect(proxyOf('https://posthorn:p%40ss@[fd12::1]')).toEqual({
      isSecure: true,
      hostname: 'fd12::1',
      isLiteral: true,
      port: 443,
      authorization: `Basic ${Buffer.from('posthorn:p@ss').toString('base64')}`,
    });
  });

  it.each(['proxy:3128', 'socks5://proxy:1080', 'http://u:secret@proxy/path', 'http://u:secret@'])(
    'refuse %s as a proxy, without repeating it',
    (egressProxy) => {
      const check = (): unknown => checkSendingOptions({ egressProxy });

      expect(check).toThrow(
        expect.objectContaining({
          code: 'PSH_SENDING_INVALID_OPTIONS',
          problems: [expect.objectContaining({ field: 'egressProxy' })],
        }),
      );
      let told = '';
      try {
        check();
      } catch (error) {
        told = JSON.stringify([String(error), error]);
      }
      expect(told).not.toContain('secret');
    },
  );

  it('are refused with every mistake at once', () => {
    expect(() =>
      checkSendingOptions({
        allowedNetworks: ['10.0.0.0/8', 'home'],
        deniedNetworks: ['away'],
        maxBodyBytes: -1,
        certificateAuthorities: ['trust me'],
        maxConnections: 0,
        maxConnectionsPerOrigin: 1.5,
        idleTimeoutMs: Number.NaN,
        userAgent: 'a\r\nb: c',
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'PSH_SENDING_INVALID_OPTIONS',
        problems: [
          'allowedNetworks[1]',
          'deniedNetworks[0]',
          'maxBodyBytes',
          'maxConnections',
          'maxConnectionsPerOrigin',
          'idleTimeoutMs',
          'userAgent',
          'certificateAuthorities[0]',
        ].map((field) => expect.objectContaining({ field }) as unknown),
      }),
    );
  });
});
