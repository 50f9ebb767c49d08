import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { outgoing, SendingRig } from '../../../test/hostile/sending.js';
import { parseSigningSecret } from './signing-secret.js';
import { standardSignature } from './standard-signature.js';

const LIBRARIES = [
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
] as const;

const secrets = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);

describe.each(LIBRARIES)('the library %s', (name, Library) => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('verifies every signature that we make', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(secrets, id, fc.json(), (secret, webhookId, payload) => {
        const timestamp = Math.floor(Date.now() / 1_000);
        const body = Buffer.from(payload);
        const key = parseSigningSecret(secret);
        const headers = {
          'webhook-id': webhookId,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': standardSignature(key, { id: webhookId, timestamp, body }),
        };

        expect(new Library(secret).verify(payload, headers)).toEqual(JSON.parse(payload));
      }),
    );
  });

  it('verifies what the sender sends, with each secret of a rotation, beside a key pair', async () => {
    const endpoint = await rig.endpoint();
    const [newest, older] = [secretOf(), secretOf()];
    const body = Buffer.from('{"type":"account.opened","data":{"owner":"Zoë 🎺"}}');
    const signingSecrets = [`whsk_${randomBytes(32).toString('base64')}`, newest, older];
    await rig.sender().send(outgoing(endpoint.url(), { body, signingSecrets }));
    const [request] = endpoint.requests;

    for (const secret of [newest, older]) {
      expect(
        new Library(secret).verify(request?.body ?? '', request?.headers as Record<string, string>),
      ).toEqual(JSON.parse(body.toString()));
    }
    expect(() =>
      new Library(secretOf()).verify(
        request?.body ?? '',
        request?.headers as Record<string, string>,
      ),
    ).toThrow('No matching signature');
  });

  it('verifies under the header names of its own sender', async () => {
    const own = name === 'svix' ? 'svix' : 'webhook';
    const endpoint = await rig.endpoint();
    const secret = secretOf();
    await rig.sender().send(
      outgoing(endpoint.url(), {
        signingSecrets: [secret],
        signingProfiles: [
          {
            kind: 'standard',
            headers: {
              id: `${own}-id`,
              timestamp: `${own}-timestamp`,
              signature: `${own}-signature`,
            },
          },
        ],
      }),
    );
    const [request] = endpoint.requests;

    expect(request?.headers).toHaveProperty([`${own}-signature`]);
    expect(() =>
      new Library(secret).verify(request?.body ?? '', request?.headers as Record<string, string>),
    ).not.toThrow();
  });

  function secretOf(): string {
    return `whsec_${randomBytes(32).toString('base64')}`;
  }
});
