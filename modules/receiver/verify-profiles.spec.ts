import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { outgoing, SECRET, SendingRig } from '../../test/hostile/sending.js';
import { ManualClock } from '../kernel/index.js';
import type { SigningProfile } from '../sending/index.js';
import type { SignatureProfile } from './signature-profile.js';
import { receiveWebhook, verifyWebhook, type VerifyWebhookOptions } from './verify-webhook.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const SECONDS = NOW.getTime() / 1_000;
const PAYLOAD = '{"type":"account.opened"}';
const LEGACY = 'the secret of another system';

function hex(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
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

describe('verifyWebhook in the style of GitHub', () => {
  const github = (signature: string) => ({
    payload: PAYLOAD,
    headers: { 'X-Webhook-Signature': signature, 'X-Webhook-Delivery': 'delivery-1' },
    secret: SECRET,
    profile: 'github' as const,
  });
  const valid = github(`sha256=${hex(SECRET, PAYLOAD)}`);

  it('verifies the body, and takes the id from beside it', () => {
    expect(receiveWebhook(valid)).toEqual({
      id: 'delivery-1',
      sentAt: null,
      payload: { type: 'account.opened' },
    });
  });

  it("verifies GitHub's own headers under their names", () => {
    const payload = 'Hello, World!';
    const signature = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

    expect(
      receiveWebhook({
        payload,
        headers: { 'x-github-delivery': '72d3162e', 'x-hub-signature-256': `sha256=${signature}` },
        secret: "It's a Secret to Everybody",
        profile: {
          kind: 'github',
          headers: { id: 'X-GitHub-Delivery', signature: 'X-Hub-Signature-256' },
        },
        isJson: false,
      }),
    ).toEqual({ id: '72d3162e', sentAt: null, payload });
  });

  it('tries every signature and every secret', () => {
    const both = `sha256=${hex(LEGACY, PAYLOAD)}, sha256=${hex(SECRET, PAYLOAD)}`;

    expect(codeOf(github(both))).toBe('accepted');
    expect(codeOf({ ...valid, secret: LEGACY, secrets: [SECRET] })).toBe('accepted');
    expect(codeOf({ ...valid, secret: Buffer.from(SECRET) })).toBe('accepted');
  });

  it.each([
    ['another secret', { secret: LEGACY }],
    ['another payload', { payload: '{}' }],
    ['a signature without its algorithm', github(hex(SECRET, PAYLOAD))],
    ['another algorithm', github(`sha1=${hex(SECRET, PAYLOAD)}`)],
  ])('refuses %s', (_what, changes) => {
    expect(codeOf({ ...valid, ...changes })).toBe('signature_mismatch');
  });

  it('needs its header', () => {
    expect(codeOf({ ...valid, headers: {} })).toBe('missing_header');
  });
});

describe('verifyWebhook in the style of Stripe', () => {
  const stripe = (header: string) => ({
    payload: PAYLOAD,
    headers: new Headers({ 'Stripe-Signature': header }),
    secret: SECRET,
    profile: { kind: 'stripe', headers: { signature: 'Stripe-Signature' } } as const,
    now: NOW,
  });
  const signatureAt = (seconds: number, secret = SECRET) => hex(secret, `${seconds}.${PAYLOAD}`);
  const valid = stripe(`t=${SECONDS},v1=${signatureAt(SECONDS)}`);

  it('verifies time and body', () => {
    expect(receiveWebhook(valid)).toEqual({
      id: null,
      sentAt: NOW,
      payload: { type: 'account.opened' },
    });
  });

  it('tries every signature and every secret, and skips what it does not know', () => {
    const header = `t=${SECONDS}, v0=x, v1=${signatureAt(SECONDS, LEGACY)}, v1=${signatureAt(SECONDS)}`;

    expect(codeOf(stripe(header))).toBe('accepted');
    expect(codeOf({ ...valid, secret: LEGACY, secrets: [SECRET] })).toBe('accepted');
  });

  it.each([
    [-301, 'timestamp_too_old'],
    [-300, 'accepted'],
    [300, 'accepted'],
    [301, 'timestamp_too_new'],
  ])('takes a time %i s from now: %s', (seconds, expected) => {
    const at = SECONDS + seconds;

    expect(codeOf(stripe(`t=${at},v1=${signatureAt(at)}`))).toBe(expected);
  });

  it.each([
    ['another time', stripe(`t=${SECONDS + 1},v1=${signatureAt(SECONDS)}`), 'signature_mismatch'],
    ['another payload', { ...valid, payload: '{}' }, 'signature_mismatch'],
    ['no signature', stripe(`t=${SECONDS}`), 'signature_mismatch'],
    ['no time', stripe(`v1=${signatureAt(SECONDS)}`), 'invalid_header'],
    ['two times', stripe(`t=1,t=${SECONDS},v1=${signatureAt(SECONDS)}`), 'invalid_header'],
    ['a time that is none', stripe(`t=now,v1=${signatureAt(SECONDS)}`), 'invalid_header'],
    ['no header', { ...valid, headers: {} }, 'missing_header'],
    ['no secret', { ...valid, secret: '' }, 'invalid_options'],
    ['a style that is unknown', { ...valid, profile: 'v2' as SignatureProfile }, 'invalid_options'],
  ])('refuses %s', (_what, options, code) => {
    expect(codeOf(options)).toBe(code);
  });
});

describe('what our sender signs', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  const SENT: readonly SigningProfile[] = [
    {
      kind: 'standard',
      headers: { id: 'acme-id', timestamp: 'acme-time', signature: 'acme-signature' },
    },
    {
      kind: 'github',
      headers: { event: 'x-event', id: 'x-id', timestamp: 'x-time', signature: 'x-signature' },
    },
    { kind: 'stripe', headers: { id: 'y-id', signature: 'y-signature' } },
  ];

  it('verifies in every style at once, with every secret that signed', async () => {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ clock: new ManualClock(NOW.getTime()) });
    const body = Buffer.from(PAYLOAD);
    const secrets = [SECRET, LEGACY];
    const request = { body, signingProfiles: SENT, signingSecrets: secrets };
    await sender.send(outgoing(endpoint.url(), request));
    const [received] = endpoint.requests;

    for (const profile of SENT) {
      for (const secret of secrets) {
        // Standard Webhooks would take the text for base64.
        const given =
          profile.kind === 'standard' && secret === LEGACY ? Buffer.from(secret) : secret;
        expect(
          receiveWebhook({
            payload: received?.body ?? '',
            headers: received?.headers ?? {},
            secret: given,
            profile,
            now: NOW,
          }),
        ).toMatchObject({ id: 'delivery-1', payload: { type: 'account.opened' } });
      }
    }
  });
});

describe('whatever the style', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 });
  const flip = (given: Uint8Array, bit: number): Uint8Array => {
    const at = bit % (given.length * 8);
    return given.map((byte, index) => (index === at >> 3 ? byte ^ (1 << (at & 7)) : byte));
  };

  it.each(['standard', 'github', 'stripe'] as const)(
    'any bytes verify, and none in which one bit was flipped: %s',
    (profile) => {
      fc.assert(
        fc.property(bytes, fc.nat(), fc.nat(), (payload, bit, place) => {
          const headers = headersOf(profile, payload);
          const options = { headers, secret: SECRET, profile, now: NOW, isJson: false };
          expect(verifyWebhook({ ...options, payload })).toBe(payload);

          expect(codeOf({ ...options, payload: flip(payload, bit) })).toBe('signature_mismatch');
          const name = Object.keys(headers).find((one) => one.endsWith('signature')) ?? '';
          const signature = headers[name] ?? '';
          const start = signature.search(/[,=]/) + 1;
          const at = start + (place % (signature.length - start));
          const forged = `${signature.slice(0, at)}${signature[at] === '0' ? '1' : '0'}${signature.slice(at + 1)}`;
          expect(codeOf({ ...options, headers: { ...headers, [name]: forged }, payload })).toMatch(
            /^(signature_mismatch|timestamp_too_(old|new)|invalid_header)$/,
          );
        }),
        { numRuns: 60 },
      );
    },
  );

  function headersOf(profile: 'standard' | 'github' | 'stripe', payload: Uint8Array) {
    const hmac = (key: Uint8Array | string, prefix: string, encoding: 'base64' | 'hex') =>
      createHmac('sha256', key).update(prefix).update(payload).digest(encoding);
    const headers: Record<string, string> = {};
    if (profile === 'standard') {
      const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
      headers['webhook-id'] = 'msg_1';
      headers['webhook-timestamp'] = String(SECONDS);
      headers['webhook-signature'] = `v1,${hmac(key, `msg_1.${SECONDS}.`, 'base64')}`;
    } else if (profile === 'github') {
      headers['x-webhook-signature'] = `sha256=${hmac(SECRET, '', 'hex')}`;
    } else {
      const signature = hmac(SECRET, `${SECONDS}.`, 'hex');
      headers['x-webhook-signature'] = `t=${SECONDS},v1=${signature}`;
    }
    return headers;
  }
});
