import { certificate } from '../../test/hostile/certificates.js';
import { RegistryStore } from '../../test/support/registry-application.js';
import type { StreamNames } from '../event-store/index.js';
import { ManualClock } from '../kernel/index.js';
import { type DefinitionBuilder, KeyRing } from './index.js';

const URL = 'https://example.com/hooks';
const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`;

const CLIENT = certificate('endpoint');

const define = (webhook: DefinitionBuilder): unknown =>
  webhook
    .withEventType('a')
    .withBearerToken('clear-token')
    .withSecretHeader('X-Key', 'k'.repeat(4_000))
    .withHeader('X-Plain', 'plain')
    .withClientCertificate({ certificate: CLIENT.cert, key: CLIENT.key });

describe('the encryption keys of a registry', () => {
  let registry: RegistryStore;
  let names: StreamNames;
  let clock: ManualClock;
  const apps: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    registry = await RegistryStore.open();
  });

  beforeEach(() => {
    names = registry.newNames();
    clock = new ManualClock();
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  afterAll(async () => {
    await registry.close();
  });

  async function start(keyRing: string) {
    const options = { keyRing: KeyRing.parse(keyRing) };
    const application = await registry.start(names, { options, clock });
    apps.push(application.app);
    return application;
  }

  /** Lives of before: webhooks with these ids, their secrets encrypted with this key. */
  async function givenWebhooks(keyRing: string, ...ids: string[]): Promise<void> {
    const { webhooks } = await start(keyRing);
    for (const id of ids) await webhooks.register(id, URL, define);
    await Promise.all(apps.splice(0).map((app) => app.close()));
  }

  type Application = Awaited<ReturnType<typeof start>>;

  async function secretsUnder(keyId: string, { webhooks }: Application): Promise<number> {
    const keys = await webhooks.encryptionKeys();
    return keys.find((key) => key.keyId === keyId)?.secrets ?? 0;
  }

  /** Time moves on only as fast as the store writes, so that no command runs into its deadline. */
  async function untilNoneIsUnder(keyId: string, application: Application): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if ((await secretsUnder(keyId, application)) === 0) return;
      clock.advance(50);
      await registry.append();
    }
    throw new Error(`there are still secrets under ${keyId}`);
  }

  async function resealings(id: string) {
    const events = await registry.read(names.webhook(id));
    return events.filter(({ type }) => type === 'WebhookSecretsResealed');
  }

  it('encrypt again in the background what a key of before encrypted, until that key may go', async () => {
    await givenWebhooks(OLD, 'orders', 'refunds');
    const both = await start(`${NEW},${OLD}`);
    const before = await both.webhooks.get('orders');

    expect(await both.webhooks.encryptionKeys()).toEqual([
      {
        keyId: 'new',
        isHeld: true,
        isCurrent: true,
        secrets: 0,
        webhooks: 0,
        webhookIds: [],
        canBeDropped: false,
      },
      {
        keyId: 'old',
        isHeld: true,
        isCurrent: false,
        secrets: 8,
        webhooks: 2,
        webhookIds: ['orders', 'refunds'],
        canBeDropped: false,
      },
    ]);
    await untilNoneIsUnder('old', both);

    expect(await both.webhooks.encryptionKeys()).toMatchObject([
      { keyId: 'new', secrets: 8, webhooks: 2 },
      { keyId: 'old', secrets: 0, canBeDropped: true },
    ]);
    const after = await both.webhooks.get('orders');
    expect(after).toMatchObject({ digest: before.digest, updatedAt: before.updatedAt });
    expect(JSON.stringify(after.definition)).not.toContain('"old"');
    const alone = await start(NEW);
    expect(alone.bootstrap.isReady).toBe(true);
    const credentials = alone.directory.credentials(await alone.webhooks.get('orders'));
    expect(credentials).toEqual(both.directory.credentials(before));
    expect(credentials.tls?.clientCertificate?.key).toContain('PRIVATE KEY');
    const [{ data } = { data: null }] = await resealings('orders');
    const fields = (data as { readonly secrets: readonly { readonly field: string }[] }).secrets;
    expect(fields.map(({ field }) => field)).toContain('tls.clientKey');
  });

  it('write nothing for what is encrypted with the current one, and each webhook once', async () => {
    await givenWebhooks(OLD, 'orders');
    const instances = [await start(`${NEW},${OLD}`), await start(`${NEW},${OLD}`)];
    await instances[0]?.webhooks.register('later', URL, define);
    await Promise.all(instances.map((one) => untilNoneIsUnder('old', one)));
    const equal = await instances[1]?.webhooks.register('orders', URL, define);

    expect(await resealings('orders')).toHaveLength(1);
    expect(await resealings('later')).toEqual([]);
    expect(equal?.isChanged).toBe(false);
  });

  it('follow the one that was proven last, while instances differ in which is current', async () => {
    await givenWebhooks(OLD, 'orders');
    const behind = await start(`${OLD},${NEW}`);
    const ahead = await start(`${NEW},${OLD}`);
    await behind.webhooks.register('meanwhile', URL, define);
    await untilNoneIsUnder('old', ahead);
    clock.advance(60_000);
    await registry.append();

    expect(await secretsUnder('new', behind)).toBe(8);
    expect(await resealings('orders')).toHaveLength(1);
    expect(await resealings('meanwhile')).toHaveLength(1);
  });

  it('that are missing are named, and the instance is ready once nothing needs them', async () => {
    await givenWebhooks(OLD, 'orders');
    await givenWebhooks(`${NEW},${OLD}`, 'refunds');
    const { bootstrap, webhooks } = await start(NEW);

    expect(bootstrap.isReady).toBe(false);
    expect(bootstrap.missingKeys).toEqual({ webhookIds: ['orders'], keyIds: ['old'] });
    expect(await webhooks.encryptionKeys()).toMatchObject([
      { keyId: 'new' },
      { keyId: 'old', isHeld: false, webhookIds: ['orders'], canBeDropped: false },
    ]);

    await webhooks.rotateSecret('orders', { overlapMs: 0 });
    await webhooks.register('orders', URL, (webhook) => webhook.withEventType('a'));
    expect(bootstrap.isReady).toBe(true);
  });
});
