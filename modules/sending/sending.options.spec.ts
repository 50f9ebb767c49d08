import { testAuthority } from '../../test/hostile/certificates.js';
import { checkSendingOptions } from './sending.options.js';

describe('the options of the sending module', () => {
  it('have defaults that are safe', () => {
    expect(checkSendingOptions({})).toMatchObject({
      isHttpAllowed: false,
      allowedNetworks: [],
      secureContext: undefined,
      maxConnections: 1_024,
      maxConnectionsPerOrigin: 256,
      idleTimeoutMs: 4_000,
    });
  });

  it('are frozen', () => {
    expect(Object.isFrozen(checkSendingOptions({}))).toBe(true);
  });

  it('take certificates beside those of Node', () => {
    expect(
      checkSendingOptions({ certificateAuthorities: [testAuthority()] }).secureContext,
    ).toBeDefined();
  });

  it('are refused with every mistake at once', () => {
    expect(() =>
      checkSendingOptions({
        allowedNetworks: ['10.0.0.0/8', 'home'],
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
