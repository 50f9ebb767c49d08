import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { verifyWebhook } from './verify-webhook.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');

const secrets = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);

describe.each([
  ['standardwebhooks', StandardWebhook, 'webhook'],
  ['svix', SvixWebhook, 'svix'],
] as const)('what the library %s signs', (_name, Library, prefix) => {
  const headersOf = (secret: string, payload: string, id = 'msg_1') => ({
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(NOW.getTime() / 1_000),
    [`${prefix}-signature`]: new Library(secret).sign(id, NOW, payload),
  });
  const profile = {
    kind: 'standard',
    headers: {
      id: `${prefix}-id`,
      timestamp: `${prefix}-timestamp`,
      signature: `${prefix}-signature`,
    },
  } as const;

  it('verifies, whatever it is', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(secrets, id, fc.json(), (secret, webhookId, payload) => {
        const headers = headersOf(secret, payload, webhookId);

        expect(verifyWebhook({ payload, headers, secret, profile, now: NOW })).toEqual(
          JSON.parse(payload),
        );
      }),
    );
  });

  it('does not verify with any other secret', () => {
    fc.assert(
      fc.property(secrets, secrets, (secret, other) => {
        fc.pre(secret !== other);
        const headers = headersOf(secret, '{}');

        expect(() =>
          verifyWebhook({ payload: '{}', headers, secret: other, profile, now: NOW }),
        ).toThrow(WebhookVerificationError);
      }),
    );
  });
});
