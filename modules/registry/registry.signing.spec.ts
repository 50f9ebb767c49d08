import { createPrivateKey, createPublicKey } from 'node:crypto';
import { RegistryStore } from '../../test/support/registry-application.js';
import { ManualClock } from '../kernel/index.js';
import {
  type DefinitionBuilder,
  RevokeWebhookSecret,
  RotateWebhookSecret,
  signingOf,
  Webhook,
  type WebhookDefinition,
  type WebhooksService,
} from './index.js';

const URL = 'https://example.com/hooks';
const HOUR_MS = 3_600_000;
const SHARED = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const PRIVATE = `whsk_${Buffer.alloc(32, 6).toString('base64')}`;
const orders = (webhook: DefinitionBuilder) => webhook.withEventType('order.placed');
const both = (webhook: DefinitionBuilder) => orders(webhook).withSigning({ keys: 'both' });
const failing = (code: string) => expect.objectContaining({ code }) as Error;

/** `whpk_...` of a `whsk_...`, as any library of cryptography makes it. */
function publicKeyOf(secret: string): string {
  const seed = Buffer.from(secret.slice('whsk_'.length), 'base64');
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([prefix, seed]);
  const spki = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export(
    { format: 'der', type: 'spki' },
  );
  return `whpk_${spki.subarray(-32).toString('base64')}`;
}

describe('the signing of webhooks', () => {
  let registry: RegistryStore;
  const apps: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    registry = await RegistryStore.open();
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  afterAll(async () => {
    await registry.close();
  });

  async function start(
    setup: Parameters<RegistryStore['start']>[1] = {},
    names = registry.newNames(),
  ) {
    const application = await registry.start(names, setup);
    apps.push(application.app);
    const { directory, webhooks } = application;
    const secretsOf = async (id: string) =>
      directory.credentials(await webhooks.get(id)).signingSecrets;
    return { ...application, names, secretsOf };
  }

  async function keysOf(webhooks: WebhooksService, id: string) {
    const keys = await webhooks.signingKeys(id);
    return keys.map(({ kind, isNewest, validUntil }) => [kind, isNewest, validUntil]);
  }

  it('generates a secret and a key pair, and shows the public half alone', async () => {
    const { webhooks, names, secretsOf } = await start();

    await webhooks.register('orders', URL, both);

    const [secret = '', privateKey = ''] = await secretsOf('orders');
    expect(secret).toMatch(/^whsec_/u);
    expect(privateKey).toMatch(/^whsk_/u);
    const publicKey = publicKeyOf(privateKey);
    expect(await webhooks.verificationKeys('orders')).toEqual({ signingSecret: secret, publicKey });
    expect(await webhooks.revealSigningSecret('orders')).toBe(secret);
    const shown = await webhooks.signingKeys('orders');
    expect(shown).toEqual([
      {
        kind: 'symmetric',
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/u) as string,
        publicKey: null,
        isNewest: true,
        validUntil: null,
        isInCode: false,
      },
      {
        kind: 'asymmetric',
        fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/u) as string,
        publicKey,
        isNewest: true,
        validUntil: null,
        isInCode: false,
      },
    ]);
    const recorded = JSON.stringify([
      await webhooks.get('orders').then(({ definition }) => definition),
      (await registry.read(names.webhook('orders'))).map(({ data }) => data),
      shown,
    ]);
    expect(recorded).toContain(publicKey);
    for (const clear of [secret, privateKey]) {
      expect(recorded).not.toContain(clear.slice(clear.indexOf('_') + 1));
    }
    expect(recorded).not.toMatch(/whsec_|whsk_/u);
  });

  it('signs with key pairs alone where that is asked, and has no secret to reveal', async () => {
    const { webhooks, secretsOf } = await start();

    await webhooks.define('orders', {
      url: URL,
      eventTypes: ['order.placed'],
      signing: { keys: 'asymmetric' },
    });

    expect(await secretsOf('orders')).toEqual([expect.stringMatching(/^whsk_/u)]);
    expect(await webhooks.verificationKeys('orders')).toMatchObject({ signingSecret: null });
    await expect(webhooks.revealSigningSecret('orders')).rejects.toThrow(
      failing('PSH_REGISTRY_NO_SHARED_SECRET'),
    );
  });

  it('rotates both kinds or one, lists until when the old ones sign, and ends them then', async () => {
    const clock = new ManualClock();
    const { webhooks, secretsOf } = await start({ clock });
    const ends = (hours: number) => new Date(clock.now() + hours * HOUR_MS).toISOString();
    await webhooks.register('orders', URL, both);
    const [secret, privateKey] = await secretsOf('orders');

    const [inADay, inAnHour] = [ends(24), ends(1)];
    await webhooks.rotateSecret('orders');
    await webhooks.rotateSecret('orders', { kind: 'asymmetric', overlapMs: HOUR_MS });

    expect(await keysOf(webhooks, 'orders')).toEqual([
      ['asymmetric', true, null],
      ['symmetric', true, null],
      ['asymmetric', false, inAnHour],
      ['symmetric', false, inADay],
      ['asymmetric', false, inAnHour],
    ]);
    clock.advance(HOUR_MS);
    expect(await keysOf(webhooks, 'orders')).toEqual([
      ['asymmetric', true, null],
      ['symmetric', true, null],
      ['symmetric', false, inADay],
    ]);
    expect(await secretsOf('orders')).toContain(secret);
    expect(await secretsOf('orders')).not.toContain(privateKey);
    clock.advance(23 * HOUR_MS);
    expect(await secretsOf('orders')).toHaveLength(2);
  });

  it('takes secrets from elsewhere, by their kind', async () => {
    const { webhooks, secretsOf } = await start();
    await webhooks.register('orders', URL, both);

    await webhooks.rotateSecret('orders', { signingSecret: PRIVATE, overlapMs: 0 });
    await webhooks.rotateSecret('orders', { signingSecret: SHARED, overlapMs: 0 });

    expect(await secretsOf('orders')).toEqual([SHARED, PRIVATE]);
    expect((await webhooks.verificationKeys('orders')).publicKey).toBe(publicKeyOf(PRIVATE));
  });

  it.each([
    [{ signingSecret: 'whsk_AAAA' }, ['signingSecrets.0']],
    [{ signingSecret: PRIVATE }, ['signingSecret']],
    [{ signingSecret: 'the secret of another system' }, ['signingSecret']],
    [{ signingSecret: SHARED, kind: 'asymmetric' as const }, ['kind']],
    [{ kind: 'none' as never, overlapMs: -1 }, ['overlapMs', 'kind']],
    [{ kind: 'asymmetric' as const }, ['kind']],
  ])('refuses to rotate by %j', async (options, fields) => {
    const { webhooks } = await start();
    await webhooks.register('orders', URL, orders);

    const refused: unknown = await webhooks
      .rotateSecret('orders', options)
      .catch((error: unknown) => error);

    expect(refused).toMatchObject({
      code: 'PSH_REGISTRY_INVALID_DEFINITION',
      problems: fields.map((field) => expect.objectContaining({ field }) as unknown),
    });
  });

  it('revokes what was replaced, at once, by service and by command', async () => {
    const { webhooks, commands, secretsOf } = await start();
    await webhooks.register('orders', URL, orders);
    const [first] = await secretsOf('orders');
    await commands.execute(new RotateWebhookSecret('orders', { kind: 'symmetric' }));
    const [newest, older] = await webhooks.signingKeys('orders');

    await expect(webhooks.revokeSecret('orders', newest?.fingerprint ?? '')).rejects.toThrow(
      failing('PSH_REGISTRY_LAST_SECRET'),
    );
    await commands.execute(new RevokeWebhookSecret('orders', older?.fingerprint ?? ''));

    expect(await secretsOf('orders')).toHaveLength(1);
    expect(await secretsOf('orders')).not.toContain(first);
    await expect(webhooks.revokeSecret('orders', older?.fingerprint ?? '')).rejects.toThrow(
      failing('PSH_REGISTRY_UNKNOWN_SECRET'),
    );
  });

  it('moves a webhook from secrets to key pairs, without a moment that nobody can verify', async () => {
    const clock = new ManualClock();
    const { webhooks, secretsOf } = await start({ clock });
    await webhooks.register('orders', URL, orders);
    const [secret] = await secretsOf('orders');

    const added = await webhooks.change('orders', { signing: { keys: 'both' } });
    const [privateKey, ...others] = await secretsOf('orders');
    expect([added.isChanged, others]).toEqual([true, [secret]]);
    await webhooks.change('orders', { signing: { keys: 'asymmetric' } });
    expect(await secretsOf('orders')).toEqual([privateKey, secret]);
    clock.advance(24 * HOUR_MS);

    expect(await secretsOf('orders')).toEqual([privateKey]);
    expect(await webhooks.change('orders', { signing: { keys: 'asymmetric' } })).toMatchObject({
      isChanged: false,
    });
  });

  it('takes over the secret of another system, and its headers beside the standard ones', async () => {
    const { webhooks, secretsOf } = await start();
    const legacy = 'the secret of another system';

    const { webhook } = await webhooks.register('orders', URL, (one) =>
      orders(one)
        .withSigning({
          profiles: ['standard', { kind: 'github', headers: { signature: 'X-Hub-Signature-256' } }],
        })
        .withSigningSecret(legacy),
    );

    expect(await secretsOf('orders')).toEqual([legacy]);
    expect(await webhooks.revealSigningSecret('orders')).toBe(legacy);
    expect(signingOf(webhook.definition).profiles.map(({ kind }) => kind)).toEqual([
      'standard',
      'github',
    ]);
    await webhooks.change('orders', { signing: { profiles: ['standard'] } });
    expect(await secretsOf('orders')).toEqual([legacy]);
  });

  it('is recorded equal when it is defined equal', async () => {
    const { webhooks } = await start();
    const defined = (one: DefinitionBuilder) =>
      orders(one).withSigning({ keys: 'both', profiles: ['standard', 'stripe'] });
    await webhooks.register('orders', URL, defined);

    expect((await webhooks.register('orders', URL, defined)).isChanged).toBe(false);
    await webhooks.rotateSecret('orders');
    expect((await webhooks.register('orders', URL, defined)).isChanged).toBe(false);
    expect(
      (await webhooks.register('orders', URL, (one) => defined(one).withTimeout(1_000))).isChanged,
    ).toBe(true);
    expect(await webhooks.signingKeys('orders')).toHaveLength(4);
  });

  it('leaves declared private keys in code, with the public ones in the log', async () => {
    @Webhook({ id: 'declared', url: URL })
    class Declared implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        both(webhook).withSigningSecret(PRIVATE);
      }
    }
    const { webhooks, names, secretsOf } = await start({ providers: [Declared] });

    expect(await secretsOf('declared')).toEqual([PRIVATE, expect.stringMatching(/^whsec_/u)]);
    expect(await webhooks.signingKeys('declared')).toMatchObject([
      { kind: 'asymmetric', publicKey: publicKeyOf(PRIVATE), isInCode: true },
      { kind: 'symmetric', publicKey: null, isInCode: false },
    ]);
    const recorded = JSON.stringify(
      await registry.read(names.webhook('declared')).then((all) => all[0]?.data),
    );
    expect(recorded).not.toContain(PRIVATE.slice(5));
    await expect(webhooks.rotateSecret('declared')).rejects.toThrow(
      failing('PSH_REGISTRY_OWNED_BY_CODE'),
    );
    await webhooks.rotateSecret('declared', { kind: 'symmetric' });
    expect(await secretsOf('declared')).toHaveLength(3);
  });

  it('waits for a version that knows how, where the definition asks for more than this one can', async () => {
    const { webhooks, directory } = await start();
    const { webhook } = await webhooks.register('orders', URL, orders);
    const signing = { keys: 'symmetric', profiles: [{ kind: 'later', headers: {} }] } as never;

    expect(directory.missingCode(webhook)).toBeNull();
    expect(
      directory.missingCode({ ...webhook, definition: { ...webhook.definition, signing } }),
    ).toBe(webhook.digest);
  });
});
