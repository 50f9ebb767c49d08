import { jsonEvent } from '@eventstore/db-client';
import {
  type DefinitionBuilder,
  GetAudit,
  GetDeadLetters,
  GetDeliveries,
  Webhook,
  type WebhookDefinition,
} from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';

describe('deliveries of a webhook with a filter', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  async function append(...totals: readonly unknown[]): Promise<bigint> {
    const events = totals.map((total) => jsonEvent({ type: 'order.placed', data: { total } }));
    const { position } = await world.store.client.appendToStream('order-1', events);
    return position?.commit ?? 0n;
  }

  function received(path: string): unknown[] {
    return world.receiver
      .at(path)
      .map(({ body }) => (JSON.parse(body) as { data: { total: unknown } }).data.total);
  }

  async function deliveries({ queries }: Life, webhookId: string): Promise<number> {
    return (await queries.execute(new GetDeliveries({ webhookId }))).items.length;
  }

  async function untilAudited({ queries }: Life, position: bigint): Promise<void> {
    for (;;) {
      const audit = await queries.execute(new GetAudit());
      if (audit?.upTo != null && BigInt(audit.upTo) >= position) return;
      await new Promise(setImmediate);
    }
  }

  it('are made of the events that it wants, and of no other, whoever looks at them', async () => {
    const life = await world.start();
    await append(1, 200);
    await world.register(life, 'large', (webhook) =>
      webhook.withFilter('data.total > `100`').startFrom('beginning'),
    );
    const last = await append(2, 300);
    await world.receiver.until(() => received('/large').length === 2);
    await untilAudited(life, last);

    expect(received('/large').sort()).toEqual([200, 300]);
    expect(await deliveries(life, 'large')).toBe(2);
  });

  it('are dead letters where the filter fails, and the others go on', async () => {
    const life = await world.start();
    await world.register(life, 'failing', (webhook) => webhook.withFilter('abs(data.total) > `1`'));
    await append('planted', 5);
    await world.receiver.until(() => received('/failing').length === 1);
    const deadLetters = async () =>
      (await life.queries.execute(new GetDeadLetters({ webhookId: 'failing' }))).items;
    let [found] = await deadLetters();
    while (!found) [found] = await deadLetters();

    expect(received('/failing')).toEqual([5]);
    expect(found.finalError).toMatchObject({ reason: 'poison_event' });
    expect(found.finalError.errorMessage).toMatch(/filter/u);
    expect(found.finalError.errorMessage).not.toContain('planted');
  });

  it('wait for an instance that holds the code of a filter, which leaves out what it does not want', async () => {
    const { receiver } = world;

    @Webhook({ id: 'declared', release: 1 })
    class Declared implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        webhook
          .toUrl(receiver.url('/declared'))
          .withEventType('order.*')
          .withFilter(({ data }) => (data as { total: number }).total > 100);
      }
    }

    const first = await world.start({}, undefined, [Declared]);
    await first.app.close();
    const without = await world.start();
    await append(1, 200);
    await world.untilRecorded(2, 'DeliveryScheduled');
    await without.app.close();
    await world.start({}, undefined, [Declared]);
    const recorded = await world.untilRecorded(2, 'DeliverySucceeded', 'DeliveryDiscarded');

    expect(received('/declared')).toEqual([200]);
    const ends = recorded.map((events) => events.at(-1));
    expect(ends).toContainEqual(
      expect.objectContaining({
        type: 'DeliveryDiscarded',
        data: expect.objectContaining({ reason: 'filtered_out' }) as unknown,
      }),
    );
  });
});
