import { EventBus, EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { RegistryStore } from '../../test/support/registry-application.js';
import { ManualClock } from '../kernel/index.js';
import {
  ChangeWebhook,
  DefinitionBuilder,
  DisableWebhook,
  PauseWebhook,
  RegisterWebhook,
  RemoveWebhook,
  ResumeWebhook,
  RotateWebhookSecret,
  WebhookRecorded,
} from './index.js';

const URL = 'https://example.com/hooks';
const orders = (webhook: DefinitionBuilder) => webhook.withEventType('order.placed');
const failing = (code: string) => expect.objectContaining({ code }) as Error;

describe('the registry on an event store', () => {
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
    names = registry.newNames(),
    setup: Parameters<RegistryStore['start']>[1] = {},
  ) {
    const application = await registry.start(names, setup);
    apps.push(application.app);
    return { ...application, names };
  }

  it('matches what is appended after register() resolved, on whichever instance', async () => {
    const one = await start();
    const other = await start(one.names);
    const before = await registry.append();

    const { webhook, position, isChanged } = await one.webhooks.register('orders', URL, orders);

    expect(webhook).toMatchObject({
      id: 'orders',
      registration: 1,
      owner: 'api',
      status: 'active',
    });
    expect(isChanged).toBe(true);
    expect(position).toBeGreaterThan(before.position);
    expect(await other.membersOf()).toEqual(['orders']);
    expect(await one.membersOf({ type: 'order.lost' })).toEqual([]);
    expect(one.directory.match(before)).toEqual([]);
  });

  it('records the webhook in its stream and a pointer in the registry', async () => {
    const { webhooks, names } = await start();

    const { position } = await webhooks.register('orders', URL, orders, { by: 'ann' });

    const [registered] = await registry.read(names.webhook('orders'));
    const [pointer] = await registry.read(names.registry);
    expect(registered).toMatchObject({
      type: 'WebhookRegistered',
      data: { v: 1, webhookId: 'orders', owner: 'api', by: 'ann', startFrom: 'now' },
    });
    expect(pointer).toMatchObject({
      type: 'WebhookRegistryAdvanced',
      data: { v: 1, webhookId: 'orders', revision: '0' },
      position: { commit: position },
    });
  });

  it('writes nothing for an equal definition, in any order and with repeats', async () => {
    const { webhooks, names } = await start();
    const define = (types: string[], headers: string[]) => (webhook: DefinitionBuilder) => {
      webhook.withEventTypes(...types).withBearerToken('t');
      for (const name of headers) webhook.withHeader(name, `value of ${name.toLowerCase()}`);
    };
    const first = await webhooks.register('a', URL, define(['x', 'y'], ['X-A', 'X-Secret']));

    const second = await webhooks.register('a', URL, define(['y', 'x', 'y'], ['x-secret', 'x-a']));

    expect(second).toEqual({ ...first, isChanged: false });
    expect(await registry.read(names.webhook('a'))).toHaveLength(1);
    expect(await registry.read(names.registry)).toHaveLength(1);
  });

  it('keeps what a webhook was subscribed to and adds what is new from here on', async () => {
    const { webhooks, directory } = await start();
    await webhooks.register('orders', URL, orders);
    const placed = await registry.append();
    const lost = await registry.append({ type: 'order.lost' });

    await webhooks.change('orders', { eventTypes: ['order.placed', 'order.lost'] });

    expect(directory.match(placed)).toHaveLength(1);
    expect(directory.match(lost)).toHaveLength(0);
    expect(await registry.matched(directory, { type: 'order.lost' })).toHaveLength(1);
  });

  it('lets a paused webhook claim events, and a disabled one, a gap', async () => {
    const { webhooks, directory, membersOf } = await start();
    await webhooks.register('orders', URL, orders);

    expect((await webhooks.pause('orders')).webhook.status).toBe('paused');
    expect(await membersOf()).toEqual(['orders']);
    expect((await webhooks.resume('orders')).webhook.status).toBe('active');

    const { webhook } = await webhooks.disable('orders', 'endpoint_gone');
    expect(webhook).toMatchObject({ status: 'disabled', disabledReason: 'endpoint_gone' });
    const missed = await registry.append();
    expect((await webhooks.enable('orders')).webhook.status).toBe('active');
    expect(directory.match(missed)).toEqual([]);
    expect(await membersOf()).toEqual(['orders']);
  });

  it('matches nothing for what is not active', async () => {
    const { webhooks, membersOf } = await start();
    await webhooks.register('orders', URL, (one) => orders(one).notActive());
    expect(await membersOf()).toEqual([]);

    await webhooks.change('orders', { isActive: true });
    expect(await membersOf()).toEqual(['orders']);
  });

  it('forgets a removed webhook, and counts the registrations of an id', async () => {
    const { webhooks, directory, membersOf } = await start();
    await webhooks.register('orders', URL, orders);
    const pending = await registry.append();

    await webhooks.remove('orders');

    expect(directory.match(pending)).toEqual([]);
    expect(await membersOf()).toEqual([]);
    expect(await webhooks.all()).toEqual([]);
    expect(directory.find('orders')).toMatchObject({ status: 'removed' });
    await expect(webhooks.get('orders')).rejects.toThrow(failing('PSH_REGISTRY_NOT_FOUND'));

    const { webhook } = await webhooks.register('orders', URL, orders);
    expect(webhook.registration).toBe(2);
    expect(directory.match(pending)).toEqual([]);
    expect(await membersOf()).toEqual(['orders']);
  });

  it('changes only whitelisted fields, at the expected revision', async () => {
    const { webhooks } = await start();
    const { webhook } = await webhooks.register('orders', URL, orders);

    const changed = await webhooks.change(
      'orders',
      { timeoutMs: 5_000 },
      { expectedRevision: webhook.revision },
    );

    expect(changed.webhook).toMatchObject({ revision: 1n, definition: { timeoutMs: 5_000 } });
    await expect(
      webhooks.change('orders', { timeoutMs: 1 }, { expectedRevision: webhook.revision }),
    ).rejects.toThrow(failing('PSH_REGISTRY_REVISION_MISMATCH'));
    await expect(
      webhooks.change('orders', { startFrom: 'now', signingSecrets: [], id: 'x' } as never),
    ).rejects.toThrow(failing('PSH_REGISTRY_INVALID_DEFINITION'));
    expect((await webhooks.get('orders')).revision).toBe(1n);
  });

  it.each(['', '.', 'a.b', '../x', 'x'.repeat(65), 'missing'])(
    'knows no webhook %j',
    async (id) => {
      const { webhooks } = await start();
      const unknown = failing('PSH_REGISTRY_NOT_FOUND');
      await expect(webhooks.get(id)).rejects.toThrow(unknown);
      await expect(webhooks.pause(id)).rejects.toThrow(unknown);
      await expect(webhooks.change(id, { timeoutMs: 1 })).rejects.toThrow(unknown);
      await expect(webhooks.rotateSecret(id)).rejects.toThrow(unknown);
    },
  );

  it('stores nothing of a definition with mistakes', async () => {
    const { webhooks, names } = await start();
    await expect(webhooks.register('orders', 'http://example.com')).rejects.toThrow(
      expect.objectContaining({
        code: 'PSH_REGISTRY_INVALID_DEFINITION',
        problems: [
          expect.objectContaining({ field: 'url' }),
          expect.objectContaining({ field: 'eventTypes' }),
        ],
      }) as Error,
    );
    await expect(registry.read(names.webhook('orders'))).rejects.toThrow();
  });

  it('generates a signing secret, reveals it, and rotates it with an overlap', async () => {
    const clock = new ManualClock();
    const { webhooks, directory } = await start(undefined, { clock });
    await webhooks.register('orders', URL, orders);
    const first = await webhooks.revealSigningSecret('orders');
    expect(first).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/u);

    await webhooks.rotateSecret('orders', { overlapMs: 3_600_000 });

    const second = await webhooks.revealSigningSecret('orders');
    expect(second).not.toBe(first);
    const signing = async () => directory.credentials(await webhooks.get('orders')).signingSecrets;
    expect(await signing()).toEqual([second, first]);
    clock.advance(3_600_000);
    expect(await signing()).toEqual([second]);
  });

  it('opens the credentials of a webhook, and shows none of them anywhere else', async () => {
    const { webhooks, directory, names } = await start();
    const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
    await webhooks.register('orders', URL, (one) =>
      orders(one)
        .withBearerToken('clear-token')
        .withSecretHeader('X-Secret', 'clear-header')
        .withHeader('X-Plain', 'plain')
        .withSigningSecret(secret),
    );
    await webhooks.change('orders', { auth: { type: 'bearer', token: 'clear-token-2' } });
    await webhooks.rotateSecret('orders');
    const rotated = await webhooks.revealSigningSecret('orders');

    const webhook = await webhooks.get('orders');
    expect(directory.missingCode(webhook)).toBeNull();
    expect(directory.credentials(webhook)).toEqual({
      auth: { type: 'bearer', token: 'clear-token-2' },
      headers: { 'X-Secret': 'clear-header', 'X-Plain': 'plain' },
      signingSecrets: [rotated, secret],
      tls: null,
    });
    const everything = [];
    for await (const { event } of registry.store.client.readAll()) everything.push(event);
    const recorded = JSON.stringify(everything, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    expect(recorded).toContain(names.webhook('orders'));
    expect(recorded).not.toMatch(/clear-|whsec_/u);
    expect(recorded).not.toContain(secret.slice(6));
    expect(recorded).not.toContain(rotated.slice(6));
  });

  it('decides concurrent registrations of one id one after the other', async () => {
    const one = await start();
    const other = await start(one.names);
    const urls = Array.from({ length: 10 }, (_, index) => `https://example.com/${index}`);

    const results = await Promise.all(
      urls.map((url, index) => (index % 2 ? one : other).webhooks.register('orders', url, orders)),
    );

    expect(results.every(({ webhook }) => webhook.registration === 1)).toBe(true);
    const events = await registry.read(one.names.webhook('orders'));
    expect(events.map(({ type }) => type)).toEqual([
      'WebhookRegistered',
      ...Array.from({ length: 9 }, () => 'WebhookChanged'),
    ]);
    expect(await one.webhooks.get('orders')).toEqual(await other.webhooks.get('orders'));
  });

  it('registers an id once where it has to be new, whoever asks', async () => {
    const one = await start();
    const other = await start(one.names);
    const asked = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) =>
        (index % 2 ? one : other).webhooks.register('orders', URL, orders, { mustBeNew: true }),
      ),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await registry.read(one.names.webhook('orders'))).toHaveLength(1);
  });

  it('tells listeners of changes that another instance made', async () => {
    const one = await start();
    const other = await start(one.names);
    const heard = new Promise<string>((resolve) => {
      other.directory.onChange(({ id, status }) => {
        if (status === 'paused') resolve(id);
      });
    });
    await one.webhooks.register('orders', URL, orders);
    await one.webhooks.pause('orders');

    expect(await heard).toBe('orders');
  });

  it('comes back from the log as it was, also after many webhooks and changes', async () => {
    const one = await start();
    const ids = Array.from({ length: 40 }, (_, index) => `w-${index}`);
    await Promise.all(ids.map((id) => one.webhooks.register(id, URL, orders)));
    await one.webhooks.change('w-1', { eventTypes: ['order.*'] });
    await one.webhooks.remove('w-2');
    await one.webhooks.pause('w-3');
    const observed = await registry.append();

    const other = await start(one.names);

    expect(ids.map((id) => other.directory.entry(id))).toEqual(
      ids.map((id) => one.directory.entry(id)),
    );
    expect(other.directory.match(observed)).toEqual(
      expect.arrayContaining([...one.directory.match(observed)]),
    );
    expect(other.directory.match(observed)).toHaveLength(39);
  });

  it('offers the histories that webhooks asked for to be replayed', async () => {
    const { webhooks, directory } = await start();
    const { position: first } = await registry.append();
    await webhooks.register('now', URL, orders);
    const beginning = await webhooks.register('beginning', URL, (one) =>
      orders(one).startFrom('beginning'),
    );
    await webhooks.register('position', URL, (one) =>
      orders(one).startFrom({ position: first.toString() }),
    );
    await webhooks.register('gone', URL, (one) => orders(one).startFrom('beginning'));
    await webhooks.remove('gone');

    expect(directory.histories()).toMatchObject([
      { webhook: { id: 'beginning' }, startFrom: 'beginning', upTo: beginning.position },
      { webhook: { id: 'position' }, startFrom: { position: first.toString() } },
    ]);
  });

  it('does not begin before a position that lies ahead', async () => {
    const { webhooks, directory } = await start();
    const { position } = await registry.append();
    await webhooks.register('later', URL, (one) =>
      orders(one).startFrom({ position: (position + 1_000_000n).toString() }),
    );
    const at = (ahead: bigint) =>
      directory.match({
        ...{ type: 'order.placed', stream: 's', tenantId: null },
        position: position + ahead,
      });
    expect(at(999_999n)).toEqual([]);
    expect(at(1_000_000n)).toHaveLength(1);
  });

  it('does by command what the service does', async () => {
    const { commands, webhooks } = await start();
    const definition = { url: URL, eventTypes: ['order.placed'], headers: { 'X-A': 'hidden' } };

    const { webhook } = await commands.execute(new RegisterWebhook('orders', definition));
    expect(webhook.definition.headers).toMatchObject({ 'X-A': { kind: 'encrypted' } });
    await commands.execute(
      new ChangeWebhook('orders', { concurrency: 3, headers: { 'X-A': null } }),
    );
    expect((await webhooks.get('orders')).definition).toMatchObject({
      concurrency: 3,
      headers: {},
    });
    const statuses = [
      await commands.execute(new PauseWebhook('orders', { reason: 'maintenance' })),
      await commands.execute(new ResumeWebhook('orders')),
      await commands.execute(new DisableWebhook('orders', 'endpoint_gone')),
      await commands.execute(new RotateWebhookSecret('orders')),
      await commands.execute(new RemoveWebhook('orders')),
    ].map((result) => result.webhook.status);
    expect(statuses).toEqual(['paused', 'active', 'disabled', 'disabled', 'removed']);
  });

  it('publishes what was recorded on the event bus, and survives what its handlers throw', async () => {
    const seen: string[] = [];

    @EventsHandler(WebhookRecorded)
    class Observer implements IEventHandler<WebhookRecorded> {
      handle({ webhookId, event }: WebhookRecorded): void {
        seen.push(`${webhookId} ${event.type}`);
        throw new Error('of the application');
      }
    }
    const { webhooks, app } = await start(undefined, { providers: [Observer] });
    app.get(EventBus, { strict: false }).subscribe(() => undefined);

    await webhooks.register('orders', URL, orders);
    await webhooks.pause('orders');
    await webhooks.pause('orders');

    expect(seen).toEqual(['orders WebhookRegistered', 'orders WebhookPaused']);
  });

  it.each([-1, 0.5, 604_800_001, NaN])('refuses an overlap of %d ms', async (overlapMs) => {
    const { webhooks } = await start();
    await webhooks.register('orders', URL, orders);
    await expect(webhooks.rotateSecret('orders', { overlapMs })).rejects.toThrow(
      failing('PSH_REGISTRY_INVALID_DEFINITION'),
    );
  });
});
