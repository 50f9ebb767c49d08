import { RegistryStore } from '../../test/support/registry-application.js';
import type { StreamNames } from '../event-store/index.js';
import { type DefinitionBuilder, KeyRing, Webhook, type WebhookDefinition } from './index.js';

const URL = 'https://example.com/hooks';
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');

function declare(id: string, define: (webhook: DefinitionBuilder) => unknown) {
  @Webhook({ id, url: URL })
  class Declared implements WebhookDefinition {
    define(webhook: DefinitionBuilder): void {
      define(webhook);
    }
  }
  return Declared;
}

describe('the registry', () => {
  let registry: RegistryStore;
  let names: StreamNames;
  const apps: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    registry = await RegistryStore.open();
  });

  beforeEach(() => {
    names = registry.newNames();
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  afterAll(async () => {
    await registry.close();
  });

  async function start(setup: Parameters<RegistryStore['start']>[1] = {}) {
    const application = await registry.start(names, setup);
    apps.push(application.app);
    return application;
  }

  it('leaves the secrets of declared webhooks in code, with their fingerprints in the log', async () => {
    const signing = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
    const Orders = declare('orders', (webhook) =>
      webhook
        .withEventType('a')
        .withBearerToken('clear-token')
        .withHeader('X-Api-Key', 'clear-key')
        .withHeader('X-Plain', 'plain')
        .withSigningSecret(signing),
    );
    const { webhooks, directory } = await start({ providers: [Orders] });

    const webhook = await webhooks.get('orders');
    expect(directory.credentials(webhook)).toEqual({
      auth: { type: 'bearer', token: 'clear-token' },
      headers: { 'X-Api-Key': 'clear-key', 'X-Plain': 'plain' },
      signingSecrets: [signing],
      tls: null,
    });
    expect(await webhooks.revealSigningSecret('orders')).toBe(signing);
    await expect(webhooks.rotateSecret('orders')).rejects.toMatchObject({
      code: 'PSH_REGISTRY_OWNED_BY_CODE',
    });
    const [registered] = await registry.read(names.webhook('orders'));
    const recorded = JSON.stringify(registered?.data);
    expect(recorded).toContain('"kind":"code"');
    expect(recorded).not.toMatch(/clear-|whsec_/u);
    expect(recorded).not.toContain(signing.slice(6));
  });

  it('refuses changes to what is declared, and lets operators hold it', async () => {
    const { webhooks } = await start({
      providers: [declare('orders', (webhook) => webhook.withEventType('a'))],
    });
    const refused = { code: 'PSH_REGISTRY_OWNED_BY_CODE', status: 409 };

    await expect(webhooks.change('orders', { timeoutMs: 1 })).rejects.toMatchObject(refused);
    await expect(webhooks.remove('orders')).rejects.toMatchObject(refused);
    await expect(
      webhooks.register('orders', URL, (webhook) => webhook.withAnyEventType()),
    ).rejects.toMatchObject(refused);
    expect((await webhooks.pause('orders')).webhook.status).toBe('paused');
    expect((await webhooks.resume('orders')).webhook.status).toBe('active');
    expect((await webhooks.rotateSecret('orders')).isChanged).toBe(true);
  });

  it('goes on with a new key beside the old one, and then without it', async () => {
    const keyed = (keyRing: string) => ({ options: { keyRing: KeyRing.parse(keyRing) } });
    const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
    const one = await registry.start(names, keyed(OLD));
    const define = (webhook: DefinitionBuilder) =>
      webhook.withEventType('a').withSecretHeader('X-Key', 'k');
    await one.webhooks.register('orders', URL, define);
    await one.app.close();

    const both = await registry.start(names, keyed(`new:${OTHER_KEY},${OLD}`));
    expect((await both.webhooks.register('orders', URL, define)).isChanged).toBe(false);
    expect(both.directory.credentials(await both.webhooks.get('orders')).headers).toEqual({
      'X-Key': 'k',
    });
    await both.webhooks.register('more', URL, define);
    await both.app.close();

    const alone = await start(keyed(`new:${OTHER_KEY}`));
    expect(await alone.webhooks.revealSigningSecret('more')).toMatch(/^whsec_/u);
    await expect(alone.webhooks.revealSigningSecret('orders')).rejects.toMatchObject({
      code: 'PSH_REGISTRY_UNKNOWN_KEY',
    });
  });
});
