import { Logger } from '@nestjs/common';
import type { WebhookDefinitionRecord } from '../../modules/registry/webhook.events.js';
import { ProjectionsApplication } from '../../test/support/projections-application.js';
import { GetWebhook } from './get-webhook.query.js';
import { GetWebhookRevisions } from './get-webhook-revisions.query.js';
import { GetWebhooks, type GetWebhooksOptions, type WebhooksPage } from './get-webhooks.query.js';
import type { WebhookItem } from './webhook-item.js';

let application: ProjectionsApplication;
let position: bigint;

beforeEach(async () => {
  Logger.overrideLogger(false);
  application = await ProjectionsApplication.start();
});

afterEach(async () => {
  await application.close();
});

const sealed = {
  kind: 'encrypted',
  keyId: 'key-1',
  iv: 'the-iv',
  ciphertext: 'the-ciphertext',
  tag: 'the-tag',
  fingerprint: 'fp-1',
} as const;

const definition: WebhookDefinitionRecord = {
  url: 'https://example.com/hooks',
  eventTypes: ['order.*'],
  source: { kind: 'all' },
  tenantId: null,
  isGlobal: false,
  headers: { 'x-plain': 'plain', 'x-secret': sealed },
  auth: { type: 'bearer', token: sealed },
  signingSecrets: [
    { ...sealed, expiresAt: '2026-02-01T00:00:00.000Z' },
    { kind: 'code', fingerprint: 'fp-2' },
  ],
  retry: { kind: 'standard' },
  timeoutMs: 20_000,
  concurrency: 4,
  isReplayable: true,
  isActive: true,
  description: null,
};

async function happened(id: string, type: string, data: object = {}): Promise<void> {
  const at = '2026-01-02T00:00:00.000Z';
  const common = { v: 1, webhookId: id, reason: null, at, by: 'somebody' };
  const event = { ...common, ...data };
  position = await application.world.appendTo(`posthorn.webhook-${id}`, type, event);
}

function registered(id: string, changes: Partial<WebhookDefinitionRecord> = {}): Promise<void> {
  return happened(id, 'WebhookRegistered', {
    registration: 1,
    owner: 'api',
    release: null,
    definition: { ...definition, ...changes },
    digest: 'digest-1',
    startFrom: 'now',
    at: '2026-01-01T00:00:00.000Z',
  });
}

function webhook(id: string): Promise<WebhookItem | null> {
  return application.queries.execute(new GetWebhook(id, { minPosition: position }));
}

function webhooks(options: GetWebhooksOptions = {}): Promise<WebhooksPage> {
  return application.queries.execute(new GetWebhooks({ minPosition: position, ...options }));
}

describe('the webhooks projection', () => {
  it('shows a webhook as it was registered', async () => {
    await registered('orders');
    expect(await webhook('orders')).toMatchObject({
      id: 'orders',
      tenantId: null,
      owner: 'api',
      release: null,
      registration: 1,
      status: 'active',
      digest: 'digest-1',
      startFrom: 'now',
      revision: '0',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      definition: { url: 'https://example.com/hooks', eventTypes: ['order.*'] },
    });
  });

  it('shows nothing of a secret but its fingerprint', async () => {
    await registered('orders', { ...({ laterSecret: sealed } as object) });
    const secret = { kind: 'encrypted', fingerprint: 'fp-1' };
    const shown = await webhook('orders');
    expect(shown?.definition).toMatchObject({
      headers: { 'x-plain': 'plain', 'x-secret': secret },
      auth: { type: 'bearer', token: secret },
      signingSecrets: [
        { ...secret, expiresAt: '2026-02-01T00:00:00.000Z' },
        { kind: 'code', fingerprint: 'fp-2' },
      ],
    });
    expect(JSON.stringify(shown)).not.toMatch(/the-iv|the-ciphertext|the-tag|key-1/);
  });

  it('shows how it signs, and public keys in full', async () => {
    const signing = {
      keys: 'both',
      profiles: [{ kind: 'stripe', headers: { id: 'x-id', signature: 'x-signature' } }],
    } as const;
    await registered('orders', {
      signing,
      signingSecrets: [{ ...sealed, publicKey: 'whpk_AAAA' }, sealed],
    });

    expect(await webhook('orders')).toMatchObject({
      definition: {
        signing,
        signingSecrets: [
          { kind: 'encrypted', fingerprint: 'fp-1', publicKey: 'whpk_AAAA' },
          { kind: 'encrypted', fingerprint: 'fp-1' },
        ],
      },
    });
  });

  it.each([
    [['WebhookPaused'], 'paused'],
    [['WebhookPaused', 'WebhookResumed'], 'active'],
    [['WebhookPaused', 'WebhookDisabled'], 'disabled'],
    [['WebhookDisabled', 'WebhookResumed'], 'active'],
    [['WebhookRemoved'], 'removed'],
    [['WebhookPondered'], 'active'],
  ])('after %j shows it as %s', async (types, status) => {
    await registered('orders');
    for (const type of types) await happened('orders', type, { reason: 'because' });
    expect(await webhook('orders')).toMatchObject({ status, revision: String(types.length) });
  });

  it('takes changes, new secrets and a new registration', async () => {
    await registered('orders');
    const changed = { ...definition, url: 'https://example.com/new', isActive: false };
    await happened('orders', 'WebhookChanged', {
      owner: 'code',
      release: 7,
      changes: [],
      definition: changed,
      digest: 'digest-2',
    });
    await happened('orders', 'WebhookSecretRotated', {
      signingSecrets: [{ ...sealed, fingerprint: 'fp-9' }],
    });
    expect(await webhook('orders')).toMatchObject({
      owner: 'code',
      release: 7,
      status: 'inactive',
      digest: 'digest-2',
      definition: {
        url: 'https://example.com/new',
        signingSecrets: [{ kind: 'encrypted', fingerprint: 'fp-9' }],
      },
      updatedAt: '2026-01-02T00:00:00.000Z',
    });
    await happened('orders', 'WebhookRemoved');
    await happened('orders', 'WebhookRegistered', {
      registration: 2,
      owner: 'api',
      release: null,
      definition,
      digest: 'digest-1',
      startFrom: 'beginning',
    });
    expect(await webhook('orders')).toMatchObject({
      registration: 2,
      status: 'active',
      startFrom: 'beginning',
      createdAt: '2026-01-02T00:00:00.000Z',
    });
  });

  it('gives null for an id that was never registered', async () => {
    await registered('orders');
    expect(await webhook('nobody')).toBeNull();
  });
});

describe('GetWebhooks', () => {
  it('lists what is not removed by id, in pages, and by tenant', async () => {
    await registered('b', { tenantId: 'acme' });
    await registered('a', { tenantId: 'acme' });
    await registered('d');
    await registered('c', { tenantId: 'acme' });
    await happened('a', 'WebhookRemoved');
    const all = await webhooks();
    expect(all.items.map(({ id }) => id)).toEqual(['b', 'c', 'd']);
    expect(all.nextCursor).toBeNull();
    const first = await webhooks({ limit: 2 });
    const second = await webhooks({ limit: 2, cursor: first.nextCursor ?? '' });
    expect([first, second].map(({ items }) => items.map(({ id }) => id))).toEqual([
      ['b', 'c'],
      ['d'],
    ]);
    expect(second.nextCursor).toBeNull();
    const ofAcme = await webhooks({ tenantId: 'acme' });
    expect(ofAcme.items.map(({ id }) => id)).toEqual(['b', 'c']);
    await expect(
      webhooks({ tenantId: 'acme', cursor: first.nextCursor ?? '' }),
    ).rejects.toMatchObject({ code: 'PSH_PROJECTION_CURSOR_INVALID' });
    await expect(webhooks({ limit: 1_000 })).rejects.toMatchObject({
      code: 'PSH_PROJECTION_QUERY_INVALID',
      problems: [{ field: 'limit' }],
    });
  });
});

describe('GetWebhookRevisions', () => {
  it('gives the revision of every webhook, removed ones too', async () => {
    await registered('a');
    await registered('b');
    await happened('a', 'WebhookPaused');
    await happened('b', 'WebhookRemoved');
    await application.readModels.waitFor(position);
    expect(await application.queries.execute(new GetWebhookRevisions())).toEqual([
      { id: 'a', revision: 1n },
      { id: 'b', revision: 1n },
    ]);
  });
});
