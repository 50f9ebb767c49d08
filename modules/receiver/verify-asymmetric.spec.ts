import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { receiveWebhook, verifyWebhook, type VerifyWebhookOptions } from './verify-webhook.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const SECONDS = String(NOW.getTime() / 1_000);
const PAYLOAD = '{"type":"account.opened","data":{"owner":"Zoë"}}';

/** A key pair as Standard Webhooks writes it. */
function pairOf(seed: Uint8Array): { privateKey: KeyObject; publicKey: string } {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: `whpk_${spki.subarray(-32).toString('base64')}` };
}

const PAIR = pairOf(Buffer.alloc(32, 3));
const OTHER = pairOf(Buffer.alloc(32, 4));

function signatureOf(payload: Uint8Array | string, id = 'msg_1', pair = PAIR): string {
  const message = Buffer.concat([Buffer.from(`${id}.${SECONDS}.`), Buffer.from(payload as string)]);
  return `v1a,${sign(null, message, pair.privateKey).toString('base64')}`;
}

function headersOf(signature: string, id = 'msg_1'): Record<string, string> {
  return { 'webhook-id': id, 'webhook-timestamp': SECONDS, 'webhook-signature': signature };
}

function codeOf(options: VerifyWebhookOptions): string {
  try {
    verifyWebhook(options);
    return 'accepted';
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.code;
    throw error;
  }
}

const VALID = {
  payload: PAYLOAD,
  headers: headersOf(signatureOf(PAYLOAD)),
  publicKey: PAIR.publicKey,
  now: NOW,
};

describe('verifyWebhook with a public key', () => {
  it('accepts what the private key signed, and tells id and time', () => {
    expect(receiveWebhook(VALID)).toEqual({
      id: 'msg_1',
      sentAt: NOW,
      payload: JSON.parse(PAYLOAD) as unknown,
    });
  });

  it('accepts the vector of the official Go library', () => {
    const { publicKey } = pairOf(
      Buffer.from('VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=', 'base64'),
    );

    expect(
      verifyWebhook({
        payload: '{"test": 2432232314}',
        headers: {
          'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
          'webhook-timestamp': '1614265330',
          'webhook-signature':
            'v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==',
        },
        publicKey,
        now: new Date(1_614_265_330_000),
      }),
    ).toEqual({ test: 2_432_232_314 });
  });

  it('tries every signature with every key', () => {
    const headers = headersOf(
      `v1,${'A'.repeat(43)}= ${signatureOf(PAYLOAD, 'msg_1', OTHER)} v2,x ${signatureOf(PAYLOAD)}`,
    );

    expect(codeOf({ ...VALID, headers })).toBe('accepted');
    expect(codeOf({ ...VALID, headers: headersOf(signatureOf(PAYLOAD, 'msg_1', OTHER)) })).toBe(
      'signature_mismatch',
    );
    const publicKeys = [OTHER.publicKey, PAIR.publicKey];
    expect(codeOf({ ...VALID, publicKey: OTHER.publicKey, publicKeys })).toBe('accepted');
  });

  it('accepts either kind where both are trusted', () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

    expect(codeOf({ ...VALID, secret })).toBe('accepted');
  });

  it.each([
    ['another payload', { payload: PAYLOAD.replace('Zoë', 'Zoe') }],
    ['another id', { headers: headersOf(signatureOf(PAYLOAD), 'msg_2') }],
    ['the signature in base64 that was altered', { headers: headersOf(altered()) }],
    ['a signature that is too short', { headers: headersOf('v1a,AAAA') }],
    ['a signature of another kind', { headers: headersOf(`v1,${'A'.repeat(43)}=`) }],
  ])('refuses %s', (_what, changes) => {
    expect(codeOf({ ...VALID, ...changes })).toBe('signature_mismatch');
  });

  /** The same bytes, written with other unused bits. */
  function altered(): string {
    const signature = signatureOf(PAYLOAD);
    const last = signature.at(-3) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    return `${signature.slice(0, -3)}${alphabet[alphabet.indexOf(last) + 1] ?? ''}==`;
  }

  it.each([
    ['a public key without its prefix', { publicKey: PAIR.publicKey.slice(5) }],
    ['a public key that is too short', { publicKey: 'whpk_AAAA' }],
    ['a secret for a public key', { publicKey: `whsec_${Buffer.alloc(32).toString('base64')}` }],
    ['a public key for a secret', { secret: PAIR.publicKey }],
    ['a private key for a secret', { secret: `whsk_${Buffer.alloc(32).toString('base64')}` }],
    ['a public key for bytes that sign in another style', { profile: 'stripe' as const }],
  ])('tells its caller of %s', (_what, changes) => {
    expect(codeOf({ ...VALID, ...changes })).toBe('invalid_options');
  });

  it('refuses more signatures than anybody has keys', () => {
    const headers = headersOf(Array.from({ length: 65 }, () => 'v1a,AAAA').join(' '));

    expect(codeOf({ ...VALID, headers })).toBe('invalid_header');
  });

  it('accepts whatever was signed, and nothing in which one bit was flipped', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
        fc.nat(),
        (bytes, id, bit) => {
          const signature = signatureOf(bytes, id);
          const given = { headers: headersOf(signature, id), isJson: false };
          expect(verifyWebhook({ ...VALID, ...given, payload: bytes })).toBe(bytes);

          const flipped = flip(bytes, bit);
          expect(codeOf({ ...VALID, ...given, payload: flipped })).toBe('signature_mismatch');
          const raw = flip(Buffer.from(signature.slice(4), 'base64'), bit);
          const forged = headersOf(`v1a,${Buffer.from(raw).toString('base64')}`, id);
          expect(codeOf({ ...VALID, headers: forged, payload: bytes })).toBe('signature_mismatch');
        },
      ),
      { numRuns: 50 },
    );
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  const at = bit % (bytes.length * 8);
  flipped.set([(bytes[at >> 3] ?? 0) ^ (1 << (at & 7))], at >> 3);
  return flipped;
}
