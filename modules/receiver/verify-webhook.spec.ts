import { Webhook } from 'standardwebhooks';
import { outgoing, SECRET, SendingRig } from '../../test/hostile/sending.js';
import { verifyWebhook, type VerifyWebhookOptions } from './verify-webhook.js';
import {
  type WebhookVerificationCode,
  WebhookVerificationError,
} from './webhook-verification.error.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const PAYLOAD = '{"type":"account.opened","data":{"owner":"Zoë"}}';

/** A request as the official library signs it. */
function signed(payload = PAYLOAD, at = NOW, secret = SECRET): Record<string, string> {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, payload),
  };
}

function codeOf(options: VerifyWebhookOptions): WebhookVerificationCode | 'accepted' {
  try {
    verifyWebhook(options);
    return 'accepted';
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.code;
    throw error;
  }
}

describe('verifyWebhook', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('returns the parsed payload of a request that the official library signed', () => {
    const options = { headers: signed(), secret: SECRET, now: NOW };

    expect(verifyWebhook({ ...options, payload: PAYLOAD })).toEqual(JSON.parse(PAYLOAD));
    expect(verifyWebhook({ ...options, payload: Buffer.from(PAYLOAD) })).toEqual(
      JSON.parse(PAYLOAD),
    );
  });

  it('accepts what our sender sends', async () => {
    const endpoint = await rig.endpoint();
    await rig.sender().send(outgoing(endpoint.url(), { body: Buffer.from(PAYLOAD) }));
    const [request] = endpoint.requests;

    expect(
      verifyWebhook({
        payload: request?.body ?? '',
        headers: request?.headers ?? {},
        secret: SECRET,
      }),
    ).toEqual(JSON.parse(PAYLOAD));
  });

  it('reads headers in any case, as a list, and as a Fetch Headers', () => {
    const headers = signed();
    for (const form of [
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
      ),
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      new Headers(headers),
    ]) {
      expect(codeOf({ payload: PAYLOAD, headers: form, secret: SECRET, now: NOW })).toBe(
        'accepted',
      );
    }
  });

  it('tries every v1 signature, and skips the versions that it does not know', () => {
    const headers = signed();
    headers['webhook-signature'] =
      `v1a,${'A'.repeat(88)} v1,${'A'.repeat(43)}= v2,x ${String(headers['webhook-signature'])}`;

    expect(codeOf({ payload: PAYLOAD, headers, secret: SECRET, now: NOW })).toBe('accepted');
  });

  it('tries every secret, so that a receiver can rotate, too', () => {
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const options = { payload: PAYLOAD, headers: signed(), now: NOW };

    expect(codeOf({ ...options, secrets: [other, SECRET] })).toBe('accepted');
    expect(codeOf({ ...options, secret: other, secrets: [SECRET] })).toBe('accepted');
    expect(codeOf({ ...options, secret: SECRET.replace('whsec_', '') })).toBe('accepted');
    expect(codeOf({ ...options, secrets: [other] })).toBe('signature_mismatch');
  });

  it.each([
    [-301, 'timestamp_too_old'],
    [-300, 'accepted'],
    [0, 'accepted'],
    [300, 'accepted'],
    [301, 'timestamp_too_new'],
  ])('takes a timestamp %i s from now: %s', (seconds, expected) => {
    const at = new Date(NOW.getTime() + seconds * 1_000);

    expect(
      codeOf({ payload: PAYLOAD, headers: signed(PAYLOAD, at), secret: SECRET, now: NOW }),
    ).toBe(expected);
  });

  it('has another tolerance if one is given', () => {
    const at = new Date(NOW.getTime() - 11_000);
    const options = { payload: PAYLOAD, headers: signed(PAYLOAD, at), secret: SECRET, now: NOW };

    expect(codeOf({ ...options, toleranceSeconds: 11 })).toBe('accepted');
    expect(codeOf({ ...options, toleranceSeconds: 10 })).toBe('timestamp_too_old');
    expect(codeOf({ ...options, toleranceSeconds: 0 })).toBe('timestamp_too_old');
  });

  it.each([
    ['another payload', { payload: PAYLOAD.replace('Zoë', 'Zoe') }],
    ['another id', { headers: { ...signed(), 'webhook-id': 'msg_2' } }],
    ['another time', { headers: { ...signed(), 'webhook-timestamp': '1767225601' } }],
    ['no v1 signature', { headers: { ...signed(), 'webhook-signature': 'v1a,AAAA' } }],
    ['an empty signature', { headers: { ...signed(), 'webhook-signature': 'v1,' } }],
    [
      'a signature of the wrong length',
      { headers: { ...signed(), 'webhook-signature': 'v1,AA==' } },
    ],
  ])('refuses %s', (_what, changes) => {
    const options = { payload: PAYLOAD, headers: signed(), secret: SECRET, now: NOW, ...changes };

    expect(codeOf(options)).toBe('signature_mismatch');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('needs %s', (name) => {
    const options = { payload: PAYLOAD, secret: SECRET, now: NOW };

    expect(codeOf({ ...options, headers: { ...signed(), [name]: undefined } })).toBe(
      'missing_header',
    );
    expect(codeOf({ ...options, headers: { ...signed(), [name]: '' } })).toBe('missing_header');
  });

  it.each(['', 'now', '-1', '1e9', '1767225600.5', '0x1', ' 1767225600', '9'.repeat(20)])(
    'refuses the timestamp %p',
    (timestamp) => {
      const headers = { ...signed(), 'webhook-timestamp': timestamp };

      expect(codeOf({ payload: PAYLOAD, headers, secret: SECRET, now: NOW })).toMatch(
        /^(invalid|missing)_header$/,
      );
    },
  );

  it('refuses an id that was sent twice, since only one of them was signed', () => {
    const headers = { ...signed(), 'webhook-id': ['msg_1', 'msg_2'] };

    expect(codeOf({ payload: PAYLOAD, headers, secret: SECRET, now: NOW })).toBe('invalid_header');
  });

  it('tells a signed body that is not JSON from a forged one', () => {
    const options = { payload: 'hello', headers: signed('hello'), secret: SECRET, now: NOW };

    expect(codeOf(options)).toBe('invalid_payload');
  });

  it.each([
    ['a parsed payload', { payload: JSON.parse(PAYLOAD) as string }],
    ['no secret', { secret: undefined }],
    ['an empty list of secrets', { secret: undefined, secrets: [] }],
    ['a secret that is not base64', { secret: 'whsec_%%%' }],
    ['an empty secret', { secret: 'whsec_' }],
    ['a negative tolerance', { toleranceSeconds: -1 }],
    ['a tolerance that is no number', { toleranceSeconds: Number.NaN }],
    ['a time that is none', { now: new Date(Number.NaN) }],
  ])('tells its caller of %s', (_what, changes) => {
    const options = { payload: PAYLOAD, headers: signed(), secret: SECRET, now: NOW, ...changes };

    expect(codeOf(options as VerifyWebhookOptions)).toBe('invalid_options');
  });
});
