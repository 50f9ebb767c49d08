import { createHmac, createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { outgoing, SECRET, SendingRig } from '../../../test/hostile/sending.js';
import { ManualClock } from '../../kernel/index.js';
import type { OutgoingRequest } from '../sender.js';
import { type SigningProfile, STANDARD_PROFILE } from '../signing/signing-profile.js';
import { parseSigningSecret } from '../signing/signing-secret.js';

const SEED = `whsk_${Buffer.alloc(32, 3).toString('base64')}`;
const OLDER_SEED = `whsk_${Buffer.alloc(32, 4).toString('base64')}`;
const BODY = Buffer.from('{"type":"account.opened"}');
const AT = 1_700_000_000_999;

const GITHUB: SigningProfile = {
  kind: 'github',
  headers: {
    event: 'x-webhook-event',
    id: 'x-webhook-delivery',
    timestamp: 'x-webhook-timestamp',
    signature: 'x-webhook-signature',
  },
};
const STRIPE: SigningProfile = {
  kind: 'stripe',
  headers: { id: 'x-acme-id', signature: 'acme-signature' },
};

function hex(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

function isSignedBy(secret: string, signature: string, message: string): boolean {
  const key = parseSigningSecret(secret);
  return (
    key.kind === 'asymmetric' &&
    verify(
      null,
      Buffer.from(message),
      createPublicKey(key.privateKey),
      Buffer.from(signature.replace('v1a,', ''), 'base64'),
    )
  );
}

describe('the signature of a request', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  async function sent(changes: Partial<OutgoingRequest>) {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ clock: new ManualClock(AT) });
    const result = await sender.send(outgoing(endpoint.url(), { body: BODY, ...changes }));
    return { result, headers: endpoint.requests[0]?.headers ?? {} };
  }

  it('has one part for each key, in their order, whatever their kinds', async () => {
    const older = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const { headers } = await sent({ signingSecrets: [SEED, SECRET, OLDER_SEED, older] });

    const parts = String(headers['webhook-signature']).split(' ');
    expect(parts.map((part) => part.split(',')[0])).toEqual(['v1a', 'v1', 'v1a', 'v1']);
    const message = `delivery-1.1700000000.${BODY.toString()}`;
    expect(isSignedBy(SEED, parts[0] ?? '', message)).toBe(true);
    expect(isSignedBy(OLDER_SEED, parts[2] ?? '', message)).toBe(true);
    const time = new Date(AT);
    expect(new Webhook(SECRET).sign('delivery-1', time, BODY)).toBe(parts[1]);
    expect(new Webhook(older).sign('delivery-1', time, BODY)).toBe(parts[3]);
  });

  it('is in the style of GitHub over the body, every secret in turn', async () => {
    const older = 'the secret of another system';
    const { headers } = await sent({
      signingProfiles: [GITHUB],
      signingSecrets: [SECRET, older],
      eventType: 'account.opened',
    });

    expect(headers).toMatchObject({
      'x-webhook-event': 'account.opened',
      'x-webhook-delivery': 'delivery-1',
      'x-webhook-timestamp': '1700000000',
      'x-webhook-signature': `sha256=${hex(SECRET, BODY.toString())},sha256=${hex(older, BODY.toString())}`,
    });
    expect(headers).not.toHaveProperty('webhook-signature');
  });

  it('is in the style of Stripe over time and body, under the names that were chosen', async () => {
    const { headers } = await sent({ signingProfiles: [STRIPE], signingSecrets: [SECRET] });

    expect(headers).toMatchObject({
      'x-acme-id': 'delivery-1',
      'acme-signature': `t=1700000000,v1=${hex(SECRET, `1700000000.${BODY.toString()}`)}`,
    });
  });

  it('stands in several styles side by side, each with the keys that it can use', async () => {
    const { headers } = await sent({
      signingProfiles: [STANDARD_PROFILE, GITHUB, STRIPE],
      signingSecrets: [SEED, SECRET],
    });

    expect(headers['webhook-signature']).toMatch(/^v1a,\S+ v1,\S+$/);
    expect(headers['x-webhook-signature']).toBe(`sha256=${hex(SECRET, BODY.toString())}`);
    expect(headers['acme-signature']).toMatch(/^t=1700000000,v1=[0-9a-f]{64}$/);
  });

  it('verifies as raw bytes where the secret is one of another system', async () => {
    const { headers } = await sent({ signingSecrets: ['the secret of another system'] });

    const webhook = new Webhook('the secret of another system', { format: 'raw' });
    expect(webhook.sign('delivery-1', new Date(AT), BODY)).toBe(headers['webhook-signature']);
  });

  it.each([
    ['Größe geändert', 'Gr%C3%B6%C3%9Fe ge%C3%A4ndert'],
    ['a\r\nx: 1', 'a%0D%0Ax: 1'],
    ['\ud800', '%EF%BF%BD'],
    ['order.placed', 'order.placed'],
  ])('writes the event type %j so that a header can hold it', async (eventType, expected) => {
    const { headers } = await sent({ signingProfiles: [GITHUB], eventType });

    expect(headers['x-webhook-event']).toBe(expected);
  });

  it('is not changed by a static header that has its name', async () => {
    const { headers } = await sent({
      signingProfiles: [STRIPE],
      headers: { 'Acme-Signature': 'mine', 'X-Acme-Id': 'mine', 'X-Other': 'mine' },
    });

    expect(headers['acme-signature']).toMatch(/^t=/);
    expect(headers['x-acme-id']).toBe('delivery-1');
    expect(headers['x-other']).toBe('mine');
  });

  it.each([
    ['a dot in the id', { webhookId: 'a.b' }],
    ['no symmetric secret for the style', { signingProfiles: [GITHUB], signingSecrets: [SEED] }],
    ['a public key for a secret', { signingSecrets: [`whpk_${'A'.repeat(43)}=`] }],
  ])('is refused with %s, and nothing is dialled', async (_what, changes) => {
    const { result, headers } = await sent(changes);

    expect(result).toMatchObject({ errorClass: 'invalid_request', verdict: 'reject' });
    expect(result.errorMessage).not.toContain('whsk_');
    expect(headers).toEqual({});
  });
});
