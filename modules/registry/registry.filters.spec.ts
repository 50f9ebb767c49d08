import { RegistryStore } from '../../test/support/registry-application.js';
import type { StreamNames } from '../event-store/index.js';
import {
  type DefinitionBuilder,
  type EventFilter,
  type MatchableEvent,
  type SourceEvent,
  Webhook,
  type WebhookDefinition,
} from './index.js';

const URL = 'https://example.com/hooks';

/** What filters see of an event. */
function seen(event: MatchableEvent, total: number): MatchableEvent {
  const { stream, tenantId, type } = event;
  const source = {
    ...{ id: 'e1', type, stream, tenantId, revision: '0', metadata: undefined },
    timestamp: '1970-01-01T00:00:00.000Z',
    data: { total },
  };
  return { ...event, source: () => source };
}

describe('the filter of a webhook', () => {
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

  async function start(filter?: EventFilter, release = 1) {
    @Webhook({ id: 'declared', url: URL, release })
    class Declared implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        webhook.withAnyEventType();
        if (filter) webhook.withFilter(filter);
      }
    }
    const instance = await registry.start(names, { providers: filter ? [Declared] : [] });
    apps.push(instance.app);
    const matchedOf = async (event: MatchableEvent, total: number): Promise<string[]> => {
      await instance.directory.barrier();
      return instance.directory.match(seen(event, total)).map(({ id }) => id);
    };
    return { ...instance, matchedOf };
  }

  it('leaves out what it does not want, for an expression as for a function', async () => {
    const { matchedOf, webhooks } = await start(
      ({ data }) => (data as { total: number }).total < 100,
    );
    await webhooks.register('asking', URL, (webhook) =>
      webhook.withAnyEventType().withFilter('data.total >= `100`'),
    );
    await webhooks.register('plain', URL, (webhook) => webhook.withAnyEventType());
    const event = await registry.append();

    expect((await matchedOf(event, 99)).sort()).toEqual(['declared', 'plain']);
    expect((await matchedOf(event, 100)).sort()).toEqual(['asking', 'plain']);
  });

  it('holds for the events that lie where the webhook had it', async () => {
    const { matchedOf, webhooks } = await start();
    await webhooks.register('asking', URL, (webhook) =>
      webhook.withAnyEventType().withFilter('data.total > `1`'),
    );
    const first = await registry.append();
    await webhooks.change('asking', { filter: 'data.total > `10`' });
    const second = await registry.append();
    await webhooks.change('asking', { filter: null });
    const third = await registry.append();

    const wants = async (total: number): Promise<boolean[]> => {
      const matched = [first, second, third].map((event) => matchedOf(event, total));
      return (await Promise.all(matched)).map((ids) => ids.length === 1);
    };
    expect(await wants(0)).toEqual([false, false, true]);
    expect(await wants(5)).toEqual([true, false, true]);
    expect(await wants(50)).toEqual([true, true, true]);
    expect(await webhooks.get('asking')).not.toHaveProperty('definition.filter');
  });

  it('decides nothing where it fails: that is for the delivery to tell', async () => {
    const { matchedOf, webhooks } = await start(() => {
      throw new Error('no');
    });
    await webhooks.register('asking', URL, (webhook) =>
      webhook.withAnyEventType().withFilter('abs(type)'),
    );

    expect((await matchedOf(await registry.append(), 1)).sort()).toEqual(['asking', 'declared']);
  });

  it('decides nothing with a promise, which would want every event', async () => {
    const { directory, matchedOf, webhooks } = await start((() =>
      Promise.resolve(false)) as unknown as EventFilter);
    const { filter } = directory.functions(await webhooks.get('declared'));

    expect(await matchedOf(await registry.append(), 1)).toEqual(['declared']);
    expect(() => filter?.({} as SourceEvent)).toThrow(TypeError);
  });

  it('decides nothing where its code is not', async () => {
    const { app } = await start(() => false);
    await app.close();
    apps.length = 0;
    const { directory, matchedOf, webhooks } = await start();

    expect(await matchedOf(await registry.append(), 1)).toEqual(['declared']);
    expect(directory.missingCode(await webhooks.get('declared'))).not.toBeNull();
  });

  it('is not asked about events that the webhook did not select', async () => {
    const { directory, webhooks } = await start();
    await webhooks.register('asking', URL, (webhook) =>
      webhook.withEventType('other').withFilter('data.total'),
    );
    const event = await registry.append();
    await directory.barrier();
    const source = (): SourceEvent => {
      throw new Error('the event was read');
    };

    expect(directory.match({ ...event, source })).toEqual([]);
  });
});
