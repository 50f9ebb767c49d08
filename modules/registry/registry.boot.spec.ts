import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { UnavailableError } from '@eventstore/db-client';
import { advanceUntil, RegistryStore, withCalls } from '../../test/support/registry-application.js';
import type { EventStoreClient, StreamNames } from '../event-store/index.js';
import { ManualClock } from '../kernel/index.js';
import {
  type DefinitionBuilder,
  KeyRing,
  type RegistryOptions,
  Webhook,
  type WebhookDefinition,
} from './index.js';

const URL = 'https://example.com/hooks';
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');

/** A class that declares a webhook. */
function declare(
  id: string,
  define: (webhook: DefinitionBuilder) => unknown = (webhook) =>
    webhook.withEventType('order.placed'),
  declaration: { release?: number; isAdopting?: boolean } = {},
) {
  @Webhook({ id, url: URL, ...declaration })
  class Declared implements WebhookDefinition {
    async define(webhook: DefinitionBuilder): Promise<void> {
      await define(webhook);
    }
  }
  return Declared;
}

describe('the registry when an application starts', () => {
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

  async function compile(setup: Parameters<RegistryStore['compile']>[1] = {}) {
    const application = await registry.compile(names, setup);
    apps.push(application.app);
    return application;
  }

  async function start(setup: Parameters<RegistryStore['compile']>[1] = {}) {
    const application = await compile(setup);
    await application.app.init();
    return application;
  }

  /** Starts with these webhooks declared, and ends again. */
  async function deploy(
    providers: ReturnType<typeof declare>[],
    options: Partial<RegistryOptions> = {},
  ): Promise<void> {
    const { app } = await registry.start(names, { providers, options });
    await app.close();
  }

  async function typesIn(webhookId: string): Promise<string[]> {
    return (await registry.read(names.webhook(webhookId))).map(({ type }) => type);
  }

  /** A client that loses its connection on the first `failures` reads. */
  function unreachable(failures: { left: number }): EventStoreClient {
    return withCalls(registry.store.client, (real) => ({
      readStream: (...all: Parameters<EventStoreClient['readStream']>) => {
        const read = real.readStream(...all);
        if (failures.left-- > 0) read.destroy(new UnavailableError(undefined, 'no connection'));
        return read;
      },
    }));
  }

  it('registers every webhook that a provider declares, with what is injected into it', async () => {
    @Injectable()
    class Settings {
      readonly url = 'https://settings.example/hooks';
    }

    @Webhook({ id: 'injected' })
    class Injected implements WebhookDefinition {
      constructor(@Inject(Settings) private readonly settings: Settings) {}

      define(webhook: DefinitionBuilder): void {
        webhook.toUrl(this.settings.url).withAnyEventType();
      }
    }

    const { bootstrap, webhooks, membersOf } = await start({
      providers: [Settings, Injected, declare('orders')],
    });

    await bootstrap.registrationCompleted;
    expect(bootstrap.isReady).toBe(true);
    expect(await webhooks.all()).toMatchObject([
      { id: 'injected', owner: 'code', definition: { url: 'https://settings.example/hooks' } },
      { id: 'orders', owner: 'code' },
    ]);
    expect(webhooks.discover().map(({ id, type }) => [id, type.name])).toEqual([
      ['injected', 'Injected'],
      ['orders', 'Declared'],
    ]);
    expect(await membersOf()).toEqual(['injected', 'orders']);
  });

  it('writes nothing when it starts again with the same code', async () => {
    const Orders = declare('orders', (webhook) =>
      webhook.withEventType('a').withBearerToken('t').withSecretHeader('X-Key', 'k'),
    );
    await deploy([Orders]);
    await deploy([Orders]);

    expect(await typesIn('orders')).toEqual(['WebhookRegistered']);
    expect(await registry.read(names.registry)).toHaveLength(1);
    expect(await registry.read(`${names.registry}-key`)).toHaveLength(1);
  });

  it('registers again on request: one class, or all', async () => {
    const state = { type: 'a' };
    const Orders = declare('orders', (webhook) => webhook.withEventType(state.type));
    const { webhooks } = await start({ providers: [Orders] });

    state.type = 'b';
    const { isChanged, webhook } = await webhooks.register(Orders);
    expect({ isChanged, types: webhook.definition.eventTypes }).toEqual({
      isChanged: true,
      types: ['b'],
    });
    expect((await webhooks.registerDiscovered()).map((one) => one.isChanged)).toEqual([false]);
    await expect(webhooks.register(declare('elsewhere'))).rejects.toMatchObject({
      code: 'PSH_REGISTRY_NOT_DECLARED',
    });
  });

  describe('fails', () => {
    it('with the mistakes of every definition at once, and stores nothing', async () => {
      const { app, bootstrap } = await compile({
        providers: [
          declare('none', () => undefined),
          declare('both', (webhook) => webhook.toUrl('http://x').withTimeout(0)),
          declare('fine'),
        ],
      });

      await expect(app.init()).rejects.toMatchObject({
        code: 'PSH_REGISTRY_INVALID_DEFINITION',
        problems: [
          { field: 'Declared: url' },
          { field: 'Declared: eventTypes' },
          { field: 'Declared: timeoutMs' },
          { field: 'Declared: eventTypes' },
        ],
      });
      await expect(bootstrap.registrationCompleted).rejects.toMatchObject({
        code: 'PSH_REGISTRY_INVALID_DEFINITION',
      });
      await expect(typesIn('fine')).rejects.toThrow('not');
    });

    it('when two classes declare one id; not when two modules provide one class', async () => {
      const { app } = await compile({ providers: [declare('orders'), declare('orders')] });
      await expect(app.init()).rejects.toMatchObject({
        code: 'PSH_REGISTRY_DUPLICATE_DECLARATION',
      });

      const Orders = declare('orders');
      @Module({ providers: [Orders] })
      class Other {}
      const twice = await registry.compile(names, { providers: [Orders], imports: [Other] });
      apps.push(twice.app);
      await twice.app.init();
      expect((await twice.webhooks.all()).map(({ id }) => id)).toEqual(['orders']);
    });

    it('when a class cannot define anything', async () => {
      @Webhook({ id: 'empty' })
      class Empty {}

      @Injectable({ scope: Scope.REQUEST })
      @Webhook({ id: 'scoped', url: URL })
      class Scoped {
        define(webhook: DefinitionBuilder): void {
          webhook.withAnyEventType();
        }
      }
      for (const provider of [Empty, Scoped]) {
        const { app } = await compile({ providers: [provider] });
        await expect(app.init()).rejects.toMatchObject({ code: 'PSH_REGISTRY_NOT_DECLARED' });
      }
    });

    it('when the application itself fails to define', async () => {
      const { app } = await compile({
        providers: [declare('orders', () => Promise.reject(new Error('no settings')))],
      });
      await expect(app.init()).rejects.toThrow('no settings');
    });

    it('with another key, before anything is written', async () => {
      await deploy([declare('orders')]);

      for (const [ring, code] of [
        [OTHER_KEY, 'PSH_REGISTRY_UNKNOWN_KEY'],
        [`test:${OTHER_KEY}`, 'PSH_REGISTRY_WRONG_KEY'],
      ] as const) {
        const { app } = await compile({
          options: { keyRing: KeyRing.parse(ring) },
          providers: [declare('orders'), declare('more')],
        });
        await expect(app.init()).rejects.toMatchObject({ code });
      }
      await expect(typesIn('more')).rejects.toThrow('not');
      expect(await registry.read(names.registry)).toHaveLength(1);
    });

    it('when its id was registered through the API, unless it takes it over', async () => {
      const { webhooks, app } = await registry.start(names);
      await webhooks.register('orders', URL, (webhook) => webhook.withEventType('order.placed'));
      const secret = await webhooks.revealSigningSecret('orders');
      await app.close();

      const { app: refused } = await compile({ providers: [declare('orders')] });
      await expect(refused.init()).rejects.toMatchObject({ code: 'PSH_REGISTRY_OWNED_BY_API' });

      const adopting = declare('orders', undefined, { isAdopting: true });
      const { webhooks: owned } = await start({ providers: [adopting] });
      expect(await owned.get('orders')).toMatchObject({ owner: 'code', registration: 1 });
      expect(await owned.revealSigningSecret('orders')).toBe(secret);
    });
  });

  describe('while the event store cannot be reached', () => {
    it('starts all the same, not ready, and registers once it can', async () => {
      const clock = new ManualClock();
      const failures = { left: 3 };
      const { bootstrap, webhooks } = await start({
        clock,
        client: unreachable(failures),
        providers: [declare('orders')],
      });
      expect(bootstrap.isReady).toBe(false);

      await advanceUntil(clock, bootstrap.registrationCompleted);

      expect(bootstrap.isReady).toBe(true);
      expect((await webhooks.all()).map(({ id }) => id)).toEqual(['orders']);
    });

    it('pauses longer and longer between the tries', async () => {
      const clock = new ManualClock();
      const failures = { left: Infinity };
      const tries: number[] = [];
      const { bootstrap, app } = await compile({
        clock,
        client: withCalls(unreachable(failures), (real) => ({
          readStream: (...all: Parameters<EventStoreClient['readStream']>) => {
            tries.push(clock.now());
            return real.readStream(...all);
          },
        })),
      });
      await app.init();
      while (tries.length < 10) {
        const before = tries.length;
        while (tries.length === before) {
          clock.advance(250);
          for (let turn = 0; turn < 5; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
      }

      const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
      expect(pauses.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
      expect(Math.max(...pauses)).toBe(30_000);
      expect(bootstrap.isReady).toBe(false);
    });

    it('tells that it will not succeed when it finds a mistake, or ends', async () => {
      await deploy([declare('orders')]);
      const clock = new ManualClock();
      const wrong = await start({
        clock,
        client: unreachable({ left: 1 }),
        options: { keyRing: KeyRing.parse(OTHER_KEY) },
      });
      await expect(
        advanceUntil(clock, wrong.bootstrap.registrationCompleted),
      ).rejects.toMatchObject({ code: 'PSH_REGISTRY_UNKNOWN_KEY' });

      const ending = await registry.start(names, { client: unreachable({ left: Infinity }) });
      await ending.app.close();
      await expect(ending.bootstrap.registrationCompleted).rejects.toMatchObject({
        code: 'PSH_REGISTRY_UNAVAILABLE',
      });
    });
  });

  describe('in a rolling deploy', () => {
    const definedAs = (type: string) => declare('orders', (webhook) => webhook.withEventType(type));

    it('an instance of the old release that starts late changes nothing', async () => {
      await deploy([definedAs('old')], { release: 1 });
      await deploy([definedAs('new')], { release: 2 });
      await deploy([definedAs('old')], { release: 1 });

      const { webhooks } = await start();
      expect(await webhooks.get('orders')).toMatchObject({
        release: 2,
        definition: { eventTypes: ['new'] },
      });
    });

    it('a rollback is a new release', async () => {
      await deploy([definedAs('old')], { release: 1 });
      await deploy([definedAs('new')], { release: 2 });
      await deploy([definedAs('old')], { release: 3 });

      const { webhooks } = await start();
      expect((await webhooks.get('orders')).definition.eventTypes).toEqual(['old']);
    });

    it('instances of both releases end up with the newer, in whatever order they start', async () => {
      await Promise.all(
        [1, 2, 1, 2, 1].map((release) =>
          deploy([definedAs(release === 1 ? 'old' : 'new')], { release }),
        ),
      );
      const { webhooks } = await start();
      expect((await webhooks.get('orders')).definition.eventTypes).toEqual(['new']);
    });

    it('is warned of when webhooks are declared without a release, where others may run', async () => {
      const warned: string[] = [];
      const logger = { log: () => undefined, error: () => undefined };
      const warn = (message: string): number => warned.push(message);
      const startShared = async (release: number | undefined): Promise<void> => {
        const { app } = await compile({
          providers: [declare('orders')],
          options: release === undefined ? {} : { release },
          isExclusive: false,
        });
        app.useLogger({ ...logger, warn });
        await app.init();
      };

      await startShared(3);
      expect(warned).toEqual([]);
      await startShared(undefined);
      expect(warned).toEqual([expect.stringMatching(/no release.*orders.*POSTHORN_RELEASE/)]);
    });

    it('an instance without the code of the newer definition says what is needed', async () => {
      const secured = (token: string) =>
        declare('orders', (webhook) => webhook.withEventType('a').withBearerToken(token));
      const old = await start({ providers: [secured('old-token')], options: { release: 1 } });
      const next = await start({ providers: [secured('new-token')], options: { release: 2 } });

      const webhook = await old.webhooks.get('orders');
      expect(old.directory.missingCode(webhook)).toBe(webhook.digest);
      expect(() => old.directory.credentials(webhook)).toThrow(
        expect.objectContaining({ code: 'PSH_REGISTRY_CODE_MISSING' }) as Error,
      );
      expect(next.directory.missingCode(webhook)).toBeNull();
      expect(next.directory.credentials(webhook).auth).toEqual({
        type: 'bearer',
        token: 'new-token',
      });
    });
  });

  describe('what the code no longer declares', () => {
    const deployed = async () => {
      await deploy([declare('kept'), declare('gone')], { release: 1 });
      const { app, webhooks } = await registry.start(names);
      await webhooks.register('api', URL, (webhook) => webhook.withAnyEventType());
      await app.close();
    };
    const statuses = async () => {
      const { directory } = await start();
      return ['api', 'gone', 'kept'].map((id) => directory.find(id)?.status);
    };

    it('is kept by default', async () => {
      await deployed();
      await deploy([declare('kept')], { release: 2 });
      expect(await statuses()).toEqual(['active', 'active', 'active']);
    });

    it('is paused where that is the policy, until it is declared again', async () => {
      await deployed();
      await deploy([declare('kept')], { release: 2, onVanished: 'pause' });
      expect(await statuses()).toEqual(['active', 'paused', 'active']);

      await deploy([declare('kept'), declare('gone')], { release: 3, onVanished: 'pause' });
      expect(await statuses()).toEqual(['active', 'active', 'active']);
    });

    it('is removed where that is the policy, and an old instance does not bring it back', async () => {
      await deployed();
      await deploy([declare('kept')], { release: 2, onVanished: 'remove' });
      await deploy([declare('kept'), declare('gone')], { release: 1, onVanished: 'remove' });
      expect(await statuses()).toEqual(['active', 'removed', 'active']);
    });

    it('is not dismissed by an instance of a lower release', async () => {
      await deploy([declare('gone')], { release: 2 });
      await deploy([], { release: 1, onVanished: 'remove' });
      await deploy([], { onVanished: 'remove' });
      const { directory } = await start();
      expect(directory.find('gone')?.status).toBe('active');
    });
  });
});
