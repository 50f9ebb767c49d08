import { createHmac, createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { githubSignature, stripeSignature } from './hex-signature.js';
import { parseSigningSecret, type SymmetricKey } from './signing-secret.js';
import { standardSignature } from './standard-signature.js';

const CONTENT = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};

function symmetric(secret: string): SymmetricKey {
  const key = parseSigningSecret(secret);
  if (key.kind === 'symmetric') return key;
  throw new Error('the secret is asymmetric');
}

describe('the signature of Standard Webhooks', () => {
  it('v1 is what the official libraries expect', () => {
    const key = parseSigningSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');

    expect(standardSignature(key, CONTENT)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('v1a is what the official Go library expects', () => {
    const key = parseSigningSecret('whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=');

    expect(standardSignature(key, CONTENT)).toBe(
      'v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==',
    );
  });

  it('v1a verifies for whatever bytes and keys', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 200 }),
        (seed, bytes) => {
          const key = parseSigningSecret(`whsk_${Buffer.from(seed).toString('base64')}`);
          if (key.kind !== 'asymmetric') throw new Error('the secret is symmetric');
          const body = Buffer.from(bytes);
          const [version, signature = ''] = standardSignature(key, { ...CONTENT, body }).split(',');
          const message = Buffer.concat([Buffer.from(`${CONTENT.id}.${CONTENT.timestamp}.`), body]);
          const publicKey = createPublicKey(key.privateKey);

          expect(version).toBe('v1a');
          expect(verify(null, message, publicKey, Buffer.from(signature, 'base64'))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the signature in the style of GitHub', () => {
  it('is what its documentation says', () => {
    const keys = [symmetric("It's a Secret to Everybody")];

    expect(githubSignature(keys, Buffer.from('Hello, World!'))).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });

  it('is made with the secret as it is written, whsec_ included', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const hex = createHmac('sha256', secret).update('{}').digest('hex');

    expect(githubSignature([symmetric(secret)], Buffer.from('{}'))).toBe(`sha256=${hex}`);
  });
});

describe('the signature in the style of Stripe', () => {
  it('signs time and body, once for each secret, the newest first', () => {
    const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'a secret of another system'];
    const [newest, older] = secrets.map((secret) =>
      createHmac('sha256', secret).update('1614265330.{}').digest('hex'),
    );

    expect(stripeSignature(secrets.map(symmetric), 1_614_265_330, Buffer.from('{}'))).toBe(
      `t=1614265330,v1=${String(newest)},v1=${String(older)}`,
    );
  });
});
