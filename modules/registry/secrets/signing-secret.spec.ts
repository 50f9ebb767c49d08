import { createPublicKey } from 'node:crypto';
import { generateSigningSecret, readSigningSecret, withPublicKey } from './signing-secret.js';

const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const PUBLIC = Buffer.from(
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  'hex',
);

function text(prefix: string, bytes: Uint8Array): string {
  return prefix + Buffer.from(bytes).toString('base64');
}

describe('signing secrets', () => {
  it('are 32 random bytes behind whsec_', () => {
    const secret = generateSigningSecret();

    expect(readSigningSecret(secret)).toEqual({ kind: 'symmetric', isForeign: false });
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
    expect(generateSigningSecret()).not.toBe(secret);
  });

  it('are ed25519 private keys behind whsk_, with the public key of RFC 8032', () => {
    const secret = generateSigningSecret('asymmetric', () => SEED);

    expect(secret).toBe(text('whsk_', SEED));
    expect(readSigningSecret(secret)).toEqual({
      kind: 'asymmetric',
      publicKey: text('whpk_', PUBLIC),
      isForeign: false,
    });
    const both = text('whsk_', Buffer.concat([SEED, PUBLIC]));
    expect(readSigningSecret(both)?.publicKey).toBe(text('whpk_', PUBLIC));
  });

  it('have public keys that any library of cryptography takes', () => {
    const { publicKey = '' } = readSigningSecret(generateSigningSecret('asymmetric')) ?? {};
    const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');

    expect(
      createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }).asymmetricKeyType,
    ).toBe('ed25519');
  });

  it.each([
    [23, false],
    [24, true],
    [64, true],
    [65, false],
  ])('of %i bytes are valid: %s', (size, isValid) => {
    const bytes = Buffer.alloc(size);

    expect(readSigningSecret(text('whsec_', bytes)) !== undefined).toBe(isValid);
    expect(readSigningSecret('x'.repeat(size))?.isForeign ?? false).toBe(isValid);
  });

  it.each([
    '',
    'whsec_',
    'whsec_!!!!',
    `${generateSigningSecret()} `,
    'whsk_AAAA',
    text('whsk_', Buffer.alloc(31)),
    text('whsk_', Buffer.concat([SEED, SEED])),
    text('whpk_', PUBLIC),
    ` ${'x'.repeat(30)}`,
    `${'x'.repeat(30)}\n`,
    'ä'.repeat(30),
  ])('are not %j', (secret) => {
    expect(readSigningSecret(secret)).toBeUndefined();
  });

  it('are stored with their public half, where they have one', () => {
    const stored = { kind: 'code', fingerprint: 'f' } as const;

    expect(withPublicKey(stored, text('whsk_', SEED))).toEqual({
      ...stored,
      publicKey: text('whpk_', PUBLIC),
    });
    expect(withPublicKey(stored, generateSigningSecret())).toBe(stored);
  });
});
