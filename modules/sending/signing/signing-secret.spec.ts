import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { isPosthornError } from '../../kernel/index.js';
import { parseSigningSecret } from './signing-secret.js';

function base64(bytes: Uint8Array | string, encoding?: BufferEncoding): string {
  return Buffer.from(bytes as string, encoding).toString('base64');
}

function symmetricBytes(secret: string): Buffer {
  const key = parseSigningSecret(secret);
  return key.kind === 'symmetric' ? key.bytes.export() : Buffer.alloc(0);
}

function privateKey(secret: string): KeyObject {
  const key = parseSigningSecret(secret);
  if (key.kind === 'asymmetric') return key.privateKey;
  throw new Error('the secret is symmetric');
}

function publicHex(key: KeyObject): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return der.subarray(-32).toString('hex');
}

/** RFC 8032, section 7.1: tests 1 to 3. */
const RFC_8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

describe('parseSigningSecret', () => {
  it('reads whsec_ and the base64 of 24 to 64 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        const text = base64(bytes);
        for (const one of [text, text.replace(/=+$/, '')]) {
          expect(symmetricBytes(`whsec_${one}`)).toEqual(Buffer.from(bytes));
        }
      }),
    );
  });

  it.each(RFC_8032)('reads whsk_ and the 32 bytes of an ed25519 key: $publicKey', (vector) => {
    const key = privateKey(`whsk_${base64(vector.seed, 'hex')}`);

    expect(publicHex(key)).toBe(vector.publicKey);
    expect(sign(null, Buffer.from(vector.message, 'hex'), key).toString('hex')).toBe(
      vector.signature,
    );
  });

  it.each(RFC_8032)('reads the same key with its public key behind it: $publicKey', (vector) => {
    const key = privateKey(`whsk_${base64(vector.seed + vector.publicKey, 'hex')}`);

    expect(publicHex(key)).toBe(vector.publicKey);
  });

  it('takes any other text of 24 to 64 printable characters as it is', () => {
    const taken = "It's a Secret to Everybody";

    expect(symmetricBytes(taken)).toEqual(Buffer.from(taken));
  });

  const [one, other] = RFC_8032;
  const mismatched = `${String(one?.seed)}${String(other?.publicKey)}`;

  it.each([
    ['too few characters', 'a'.repeat(23), /23 bytes/],
    ['too many characters', 'a'.repeat(65), /65 bytes/],
    ['nothing', '', /0 bytes/],
    ['a line break', `${'a'.repeat(24)}\n`, /characters that none may/],
    ['a character outside of ASCII', `${'a'.repeat(24)}é`, /characters that none may/],
    ['a public key', `whpk_${base64(Buffer.alloc(32))}`, /public key/],
    ['whsec_ with too few bytes', `whsec_${base64(Buffer.alloc(23))}`, /23 bytes/],
    ['whsec_ with too many bytes', `whsec_${base64(Buffer.alloc(65))}`, /65 bytes/],
    ['whsec_ with nothing', 'whsec_', /0 bytes/],
    ['whsec_ with URL-safe base64', `whsec_${'_-'.repeat(16)}`, /not base64/],
    ['whsec_ with a space', `whsec_ ${base64(Buffer.alloc(24))}`, /not base64/],
    ['whsec_ with a line break', `whsec_${base64(Buffer.alloc(24))}\n`, /not base64/],
    ['whsec_ with a broken length', `whsec_${'A'.repeat(33)}`, /not base64/],
    ['whsk_ with 31 bytes', `whsk_${base64(Buffer.alloc(31))}`, /31 bytes/],
    ['whsk_ with 63 bytes', `whsk_${base64(Buffer.alloc(63))}`, /63 bytes/],
    ['whsk_ with another public key', `whsk_${base64(mismatched, 'hex')}`, /not that of/],
    ['whsk_ with no base64', `whsk_${'%'.repeat(44)}`, /not base64/],
  ])('refuses %s, without repeating it', (_what, secret, reason) => {
    const message = refusalOf(secret);

    expect(message).toMatch(reason);
    expect(message.split(secret.slice(6) || 'nothing')).toHaveLength(1);
  });

  function refusalOf(secret: string): string {
    try {
      parseSigningSecret(secret);
    } catch (error) {
      if (isPosthornError(error, 'PSH_SENDING_INVALID_SECRET')) return error.message;
      throw error;
    }
    return 'accepted';
  }
});
