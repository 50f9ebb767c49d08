import { jsonEvent, UnavailableError } from '@eventstore/db-client';
import { advanceUntil, RegistryStore, withCalls } from '../../test/support/registry-application.js';
import type { EventStoreClient, StreamNames } from '../event-store/index.js';
import { ManualClock } from '../kernel/index.js';
import type { DefinitionBuilder } from './index.js';

const URL = 'https://example.com/hooks';
const orders = (webhook: DefinitionBuilder) => webhook.withEventType('order.placed');
const lost = () => new UnavailableError(undefined, 'connection lost');

type Append = EventStoreClient['appendToStream'];

describe('a registry command that is stopped', () => {
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

  /** A client whose appends to `stream` go through `around`. */
  function appending(
    stream: string,
    around: (append: () => ReturnType<Append>) => ReturnType<Append>,
  ): EventStoreClient {
    return withCalls(registry.store.client, (real) => ({
      appendToStream: (...[name, events, options]: Parameters<Append>) => {
        const append = () => real.appendToStream(name, events, options);
        return name === stream ? around(append) : append();
      },
    }));
  }

  /** Does `command` on an instance that ends right before the pointer is appended. */
  async function endBeforePointer(
    command: (webhooks: Awaited<ReturnType<typeof start>>['webhooks']) => Promise<unknown>,
  ): Promise<void> {
    await new Promise<void>((reached) => {
      const client = appending(names.registry, () => {
        reached();
        return new Promise(() => undefined);
      });
      void start({ client }).then(({ webhooks }) => command(webhooks));
    });
  }

  const pointers = async () => (await registry.read(names.registry)).map(({ data }) => data);

  describe('between its event and the pointer', () => {
    it('is completed by registering the same definition again', async () => {
      await endBeforePointer((webhooks) => webhooks.register('orders', URL, orders));
      const { webhooks, membersOf } = await start();
      expect(await membersOf()).toEqual([]);

      const { isChanged } = await webhooks.register('orders', URL, orders);

      expect(isChanged).toBe(false);
      expect(await membersOf()).toEqual(['orders']);
      expect(await pointers()).toEqual([{ v: 1, webhookId: 'orders', revision: '0' }]);
    });

    it('is completed by the next command, whatever it asks for', async () => {
      const { webhooks, membersOf } = await start();
      await webhooks.register('orders', URL, orders);
      await endBeforePointer((other) => other.disable('orders', 'endpoint_gone'));
      expect(await membersOf()).toEqual(['orders']);

      await expect(webhooks.pause('orders')).rejects.toMatchObject({
        code: 'PSH_REGISTRY_DISABLED',
      });

      expect(await membersOf()).toEqual([]);
    });

    it('is completed by healing the ids of a read model, in one pointer for all that was lost', async () => {
      await endBeforePointer((webhooks) => webhooks.register('orders', URL, orders));
      await endBeforePointer((webhooks) => webhooks.register('invoices', URL, orders));
      const { webhooks, membersOf } = await start();

      await webhooks.heal(['orders', 'invoices', 'unknown', 'no.id']);
      await webhooks.heal(['orders', 'invoices']);

      expect(await membersOf()).toEqual(['invoices', 'orders']);
      expect(await pointers()).toHaveLength(2);
    });

    it('takes effect where the missing pointer comes to stand, not where the event does', async () => {
      await endBeforePointer((webhooks) => webhooks.register('orders', URL, orders));
      const between = await registry.append();
      const { webhooks, directory } = await start();

      const { position } = await webhooks.register('orders', URL, orders);

      expect(position).toBeGreaterThan(between.position);
      expect(directory.match(between)).toEqual([]);
    });
  });

  it.each(['webhook', 'registry'] as const)(
    'without an answer from the %s stream is repeated with the same events',
    async (which) => {
      const stream = which === 'webhook' ? names.webhook('orders') : names.registry;
      let losses = 2;
      const client = appending(stream, async (append) => {
        const result = await append();
        if (losses-- > 0) throw lost();
        return result;
      });
      const { webhooks, membersOf } = await start({ client });

      const { isChanged } = await webhooks.register('orders', URL, orders);

      expect(isChanged).toBe(true);
      expect(losses).toBeLessThan(0);
      expect(await registry.read(names.webhook('orders'))).toHaveLength(1);
      expect(await pointers()).toHaveLength(1);
      expect(await membersOf()).toEqual(['orders']);
    },
  );

  it('gives up after its deadline when the outcome stays unknown, and can be repeated', async () => {
    const clock = new ManualClock();
    let isReachable = false;
    const client = appending(names.registry, (append) =>
      isReachable ? append() : Promise.reject(lost()),
    );
    const { webhooks, membersOf } = await start({ client, clock });

    await expect(
      advanceUntil(clock, webhooks.register('orders', URL, orders)),
    ).rejects.toMatchObject({ code: 'PSH_REGISTRY_OUTCOME_UNKNOWN', status: 503 });
    isReachable = true;
    await webhooks.register('orders', URL, orders);

    expect(await membersOf()).toEqual(['orders']);
    expect(await registry.read(names.webhook('orders'))).toHaveLength(1);
  });

  it('says that the event store cannot be reached', async () => {
    let isReachable = true;
    const client = withCalls(registry.store.client, (real) => ({
      readStream: (...all: Parameters<EventStoreClient['readStream']>) => {
        const read = real.readStream(...all);
        if (!isReachable) read.destroy(lost());
        return read;
      },
    }));
    const { webhooks, directory } = await start({ client });
    isReachable = false;

    const unavailable = { code: 'PSH_REGISTRY_UNAVAILABLE' };
    await expect(directory.barrier()).rejects.toMatchObject(unavailable);
    await expect(webhooks.register('orders', URL, orders)).rejects.toMatchObject(unavailable);
    isReachable = true;
    await webhooks.register('orders', URL, orders);
  });

  it('is decided again when others come first, and gives up when that does not end', async () => {
    let rivals = 3;
    const client: EventStoreClient = appending(names.webhook('orders'), async (append) => {
      if (rivals-- > 0) {
        await registry.store.client.appendToStream(
          names.webhook('orders'),
          jsonEvent({ type: 'SomethingOfANewerVersion', data: {} }),
        );
      }
      return append();
    });
    const { webhooks } = await start({ client });
    const { webhook } = await webhooks.register('orders', URL, orders);
    expect(webhook.revision).toBe(3n);

    rivals = Infinity;
    await expect(webhooks.pause('orders')).rejects.toMatchObject({
      code: 'PSH_REGISTRY_CONTENDED',
    });
    rivals = 0;
    expect((await webhooks.get('orders')).status).toBe('active');
  });
});

describe('the registry stream', () => {
  let registry: RegistryStore;

  beforeAll(async () => {
    registry = await RegistryStore.open();
  });

  afterAll(async () => {
    await registry.close();
  });

  it('may hold a pointer twice, or one that points nowhere: each counts for what it is worth', async () => {
    const names = registry.newNames();
    const { app, webhooks, directory } = await registry.start(names);
    const point = (data: object | string, type = 'WebhookRegistryAdvanced') =>
      registry.store.client.appendToStream(
        names.registry,
        jsonEvent({ type, data: data as never }),
      );
    const { position } = await webhooks.register('orders', URL, orders);

    await point({ v: 1, webhookId: 'orders', revision: '0' });
    await point({ v: 1, webhookId: 'orders', revision: '9223372036854775807' });
    await point({ v: 1, webhookId: 'unknown', revision: '3' });
    await point({ v: 1, webhookId: '../../x', revision: '3' });
    await point({ v: 1, webhookId: 'orders', revision: 7 });
    await point({ v: 1 });
    await point('text');
    await point({ webhookId: 'orders', revision: '0' }, 'SomethingElse');
    await registry.store.client.appendToStream(
      names.webhook('orders'),
      jsonEvent({ type: 'WebhookChanged', data: { definition: 'broken' } }),
    );

    expect((await webhooks.register('orders', URL, orders)).isChanged).toBe(false);
    expect(directory.entry('orders').registeredAt).toBe(position);
    const { webhook } = await webhooks.pause('orders');
    expect(webhook).toMatchObject({ status: 'paused', revision: 2n });
    expect((await webhooks.all()).map(({ id }) => id)).toEqual(['orders']);
    await app.close();
  });

  it('is followed again after its subscription was dropped, and when it cannot be made', async () => {
    const names = registry.newNames();
    const clock = new ManualClock();
    const subscriptions: ReturnType<EventStoreClient['subscribeToStream']>[] = [];
    const client = withCalls(registry.store.client, (real) => ({
      subscribeToStream: (...all: Parameters<EventStoreClient['subscribeToStream']>) => {
        const subscription = real.subscribeToStream(...all);
        subscriptions.push(subscription);
        if (subscriptions.length === 2) subscription.destroy(lost());
        return subscription;
      },
    }));
    const one = await registry.start(names, { client, clock });
    const other = await registry.start(names);
    const heard = new Promise<string>((resolve) => {
      one.directory.onChange(({ id }) => {
        resolve(id);
      });
    });

    subscriptions[0]?.destroy(lost());
    await new Promise((resolve) => subscriptions[0]?.once('close', resolve));
    await other.webhooks.register('orders', URL, orders);

    expect(await advanceUntil(clock, heard)).toBe('orders');
    expect(subscriptions).toHaveLength(3);
    await one.app.close();
    await other.app.close();
  });
});
