import { RegistryStore } from '../../test/support/registry-application.js';
import type { StreamNames } from '../event-store/index.js';
import { ManualClock } from '../kernel/index.js';
import {
  type DefinitionBuilder,
  type SecretRequest,
  type SecretResolver,
  secretRef,
  type Webhook,
  type WebhookInput,
} from './index.js';

const URL = 'https://example.com/hooks';
const SIGNING = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;

const define = (webhook: DefinitionBuilder): unknown =>
  webhook
    .withEventType('a')
    .forTenant('acme')
    .withBearerToken(secretRef('vault:token'))
    .withSecretHeader('X-Partner', secretRef('vault:partner'))
    .withSigningSecret(secretRef('vault:signing'));

/** A vault that answers what it holds, when it is told to. */
class Vault implements SecretResolver {
  readonly requests: SecretRequest[] = [];
  readonly cacheMs = 60_000;
  readonly timeoutMs = 1_000;
  readonly #waiting: (() => void)[] = [];

  constructor(
    readonly secrets: Record<string, unknown> = {
      'vault:token': 'token-1',
      'vault:partner': 'partner-1',
      'vault:signing': SIGNING,
    },
    readonly isSlow = false,
  ) {}

  async resolve(request: SecretRequest): Promise<string> {
    this.requests.push(request);
    if (this.isSlow) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const secret = this.secrets[request.reference];
    if (secret === undefined) throw new Error(`no ${request.reference}, but there is token-1`);
    return secret as string;
  }

  answerAll(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }
}

describe('secrets that are kept elsewhere', () => {
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

  async function start(secretResolver?: SecretResolver) {
    const options = secretResolver ? { secretResolver } : {};
    const application = await registry.start(names, { options, clock });
    apps.push(application.app);
    return application;
  }

  /** An application with a webhook that refers to three secrets. */
  async function givenWebhook(vault: Vault) {
    const { webhooks, directory } = await start(vault);
    const { webhook } = await webhooks.register('orders', URL, define);
    return { webhooks, directory, webhook };
  }

  const unavailable = { code: 'PSH_REGISTRY_SECRET_UNAVAILABLE', status: 503 };

  it('are looked up for the webhook and its tenant, and recorded as references', async () => {
    const vault = new Vault();
    const { webhooks, directory, webhook } = await givenWebhook(vault);
    await directory.resolveSecrets(webhook);

    expect(directory.credentials(webhook)).toMatchObject({
      auth: { type: 'bearer', token: 'token-1' },
      headers: { 'X-Partner': 'partner-1' },
      signingSecrets: [SIGNING],
    });
    expect(vault.requests).toHaveLength(3);
    expect(vault.requests).toContainEqual(
      expect.objectContaining({
        ...{ reference: 'vault:token', field: 'auth.token' },
        ...{ tenantId: 'acme', webhookId: 'orders' },
      }),
    );
    const [registered] = await registry.read(names.webhook('orders'));
    expect(JSON.stringify(registered?.data)).toContain('"reference":"vault:token"');
    expect(JSON.stringify(registered?.data)).not.toMatch(/token-1|partner-1|whsec_/u);
    expect((await webhooks.verificationKeys('orders')).signingSecret).toBeNull();
  });

  it('may be the client secret of OAuth 2', async () => {
    const { webhooks, directory } = await start(new Vault({ 'vault:client': 'client-1' }));
    const { webhook } = await webhooks.register('orders', URL, (builder) =>
      builder.withEventType('a').withOAuth2({
        ...{ tokenUrl: 'https://login.example/token', clientId: 'shop' },
        clientSecret: secretRef('vault:client'),
      }),
    );
    await directory.resolveSecrets(webhook);

    expect(directory.credentials(webhook).auth).toMatchObject({ clientSecret: 'client-1' });
  });

  it('are a part of the definition by their references', async () => {
    const { webhooks } = await givenWebhook(new Vault());

    expect((await webhooks.register('orders', URL, define)).isChanged).toBe(false);
    const auth = { type: 'bearer', token: secretRef('vault:other') } as const;
    expect((await webhooks.change('orders', { auth })).isChanged).toBe(true);
  });

  it('are asked for once by all who wait, and again when the answer is old', async () => {
    const vault = new Vault({}, true);
    Object.assign(vault.secrets, new Vault().secrets);
    const { directory, webhook } = await givenWebhook(vault);
    const first = directory.resolveSecrets(webhook);
    const second = directory.resolveSecrets(webhook);
    vault.answerAll();
    await first;
    await second;

    expect(vault.requests).toHaveLength(3);
    clock.advance(59_999);
    expect(directory.resolveSecrets(webhook)).toBeUndefined();
    clock.advance(1);
    expect(directory.resolveSecrets(webhook)).toBeInstanceOf(Promise);
    expect(vault.requests).toHaveLength(6);
    vault.answerAll();
  });

  it.each([
    ['throws', { 'vault:partner': 'p', 'vault:signing': SIGNING }],
    ['answers nothing', { 'vault:token': '', 'vault:partner': 'p', 'vault:signing': SIGNING }],
    ['answers no text', { 'vault:token': 7, 'vault:partner': 'p', 'vault:signing': SIGNING }],
    [
      'answers two lines',
      { 'vault:token': 'a\r\nb', 'vault:partner': 'p', 'vault:signing': SIGNING },
    ],
    [
      'answers no signing secret',
      { 'vault:token': 't', 'vault:partner': 'p', 'vault:signing': 's' },
    ],
  ])('leave the credentials unavailable while the vault %s', async (_, secrets) => {
    const vault = new Vault(secrets);
    const { directory, webhook } = await givenWebhook(vault);
    const failed = directory.resolveSecrets(webhook);

    await expect(failed).rejects.toMatchObject(unavailable);
    await expect(failed).rejects.not.toThrow(/token-1/u);
    expect(() => directory.credentials(webhook)).toThrow(/cannot be looked up/u);
  });

  it('are not asked for again at once after a failure', async () => {
    const vault = new Vault({});
    const { directory, webhook } = await givenWebhook(vault);
    await expect(directory.resolveSecrets(webhook)).rejects.toMatchObject(unavailable);
    Object.assign(vault.secrets, new Vault().secrets);
    await expect(directory.resolveSecrets(webhook)).rejects.toMatchObject(unavailable);
    expect(vault.requests).toHaveLength(3);

    clock.advance(2_000);
    await directory.resolveSecrets(webhook);
    expect(directory.credentials(webhook).signingSecrets).toEqual([SIGNING]);
  });

  it('are given up when the vault takes too long', async () => {
    const vault = new Vault({}, true);
    const { directory, webhook } = await givenWebhook(vault);
    const late = directory.resolveSecrets(webhook);
    clock.advance(1_000);

    await expect(late).rejects.toMatchObject(unavailable);
    expect(vault.requests.every(({ signal }) => signal.aborted)).toBe(true);
    vault.answerAll();
  });

  it('are looked up again after the endpoint refused them, unless they are fresh', async () => {
    const vault = new Vault();
    const { directory, webhook } = await givenWebhook(vault);
    await directory.resolveSecrets(webhook);
    Object.assign(vault.secrets, { 'vault:token': 'token-2' });
    expect(directory.renewSecrets('orders')).toBe(false);
    clock.advance(5_000);
    expect(directory.renewSecrets('orders')).toBe(true);
    await directory.resolveSecrets(webhook);

    const auth = (of: Webhook) => directory.credentials(of).auth;
    expect(auth(webhook)).toEqual({ type: 'bearer', token: 'token-2' });
    expect(directory.renewSecrets('orders')).toBe(false);
  });

  it('are refused where nothing could look them up, and where they are malformed', async () => {
    const { webhooks } = await start();
    const input: WebhookInput = {
      url: URL,
      eventTypes: ['a'],
      auth: { type: 'basic', username: 'user', password: { ref: 'vault:password' } },
      headers: { 'X-Partner': { ref: 'vault:partner' } },
      signingSecrets: [{ ref: 'vault:signing' }],
    };
    const fields = (problems: readonly string[]) => ({
      code: 'PSH_REGISTRY_INVALID_DEFINITION',
      problems: problems.map((field): unknown => expect.objectContaining({ field })),
    });

    await expect(webhooks.define('orders', input)).rejects.toMatchObject(
      fields(['auth.password', 'headers.X-Partner', 'signingSecrets.0']),
    );
    const malformed = { auth: { type: 'bearer', token: { ref: 'a b' } } } as const;
    await expect(
      webhooks.define('orders', { ...input, ...malformed, headers: {} }),
    ).rejects.toMatchObject(fields(['auth.token', 'signingSecrets.0']));
    await expect(webhooks.all()).resolves.toEqual([]);
  });
});
