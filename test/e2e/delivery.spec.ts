import { randomUUID } from 'node:crypto';
import { binaryEvent, jsonEvent } from '@eventstore/db-client';
import { jest } from '@jest/globals';
import { EventBus } from '@nestjs/cqrs';
import { filter, firstValueFrom } from 'rxjs';
import {
  type DeliveryEvent,
  DeliverySucceeded,
  DiscardDelivery,
  ReplayDelivery,
  TestWebhook,
} from '../../modules/delivery/index.js';
import { PosthornHealth } from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';

/** Each test starts the whole application, on a machine that may be busy. */
jest.setTimeout(60_000);

const QUICK = { kind: 'list', delaysMs: [10, 10] } as const;

describe('a delivery', () => {
  let world: DeliveryWorld;
  let life: Life;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    life = await world.start();
  });

  afterEach(async () => {
    await world.end();
  });

  const typesOf = (events: readonly DeliveryEvent[] | undefined): string[] =>
    (events ?? []).map(({ type }) => type);

  const reasonOf = (events: readonly DeliveryEvent[] | undefined): unknown => {
    const last = events?.at(-1);
    return last && 'reason' in last.data ? last.data.reason : undefined;
  };

  it('of a paused webhook is held without cost, and made once it is resumed', async () => {
    await world.register(life, 'a');
    await life.webhooks.pause('a');
    await world.append();
    const [held] = await world.untilRecorded(1, 'DeliveryScheduled');
    expect(typesOf(held)).toEqual(['DeliveryScheduled']);

    await life.webhooks.resume('a');
    const [made] = await world.untilRecorded(1, 'DeliverySucceeded');

    expect(typesOf(made)).toEqual([
      'DeliveryScheduled',
      'DeliveryClaimed',
      'DeliveryAttempted',
      'DeliverySucceeded',
    ]);
    expect(world.receiver.requests).toHaveLength(1);
  });

  it('that is pending when its webhook is removed is discarded and never sent', async () => {
    await world.register(life, 'a');
    await life.webhooks.pause('a');
    await world.append();
    await world.untilRecorded(1, 'DeliveryScheduled');

    await life.webhooks.remove('a');
    const [events] = await world.untilRecorded(1, 'DeliveryDiscarded');

    expect(reasonOf(events)).toBe('webhook_removed');
    expect(world.receiver.requests).toHaveLength(0);
  });

  it('that is answered with 410 is a dead letter, and disables its webhook', async () => {
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(410).end();
    });
    await world.register(life, 'a');
    await world.append();

    const [events] = await world.untilRecorded(1, 'DeliveryDeadLettered');
    expect(reasonOf(events)).toBe('endpoint_gone');
    while ((await life.webhooks.get('a')).status !== 'disabled') {
      await new Promise(setImmediate);
    }

    await world.append();
    await world.register(life, 'b');
    await world.append();
    await world.untilRecorded(1, 'DeliverySucceeded');
    expect(world.receiver.at('/a')).toHaveLength(1);
  });

  it('that is answered with `webhook-delivery: abort-message` is a dead letter, unless it succeeded', async () => {
    let status = 503;
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(status, { 'webhook-delivery': 'abort-message' }).end();
      status = 204;
    });
    await world.register(life, 'a');
    await world.append();
    await world.untilRecorded(1, 'DeliveryDeadLettered');
    await world.append();

    const deliveries = await world.untilRecorded(2, 'DeliveryDeadLettered', 'DeliverySucceeded');
    expect(deliveries.map(reasonOf)).toContain('aborted_by_endpoint');
    expect((await life.webhooks.get('a')).status).toBe('active');
  });

  it('that is answered with `webhook-delivery: disable` disables its webhook, also when it succeeded', async () => {
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(200, { 'webhook-delivery': 'disable' }).end();
    });
    await world.register(life, 'a');
    await world.append();
    await world.untilRecorded(1, 'DeliverySucceeded');
    while ((await life.webhooks.get('a')).status !== 'disabled') {
      await new Promise(setImmediate);
    }

    expect(await life.webhooks.get('a')).toMatchObject({ disabledReason: 'endpoint_asked' });
  });

  it('of an event that is not JSON is a dead letter, and holds up no other', async () => {
    await world.register(life, 'a');
    const poison = binaryEvent({ type: 'order.scanned', data: Buffer.from([0xff, 0x00]) });
    await world.store.client.appendToStream('order-poison', poison);
    await world.append();

    const deliveries = await world.untilRecorded(2, 'DeliverySucceeded', 'DeliveryDeadLettered');

    expect(deliveries.map(typesOf).sort()).toEqual([
      ['DeliveryAttempted', 'DeliverySucceeded'],
      ['DeliveryDeadLettered'],
    ]);
    expect(deliveries.map(reasonOf)).toContain('poison_event');
  });

  it('whose event is gone when it is retried is a dead letter that says so', async () => {
    world.receiver.behave('/a', async (_request, response) => {
      await world.store.client.deleteStream('order-brief');
      response.writeHead(503).end();
    });
    await world.register(life, 'a', (webhook) => webhook.withRetry(QUICK));
    const event = jsonEvent({ type: 'order.placed', data: {} });
    await world.store.client.appendToStream('order-brief', event);

    const [events] = await world.untilRecorded(1, 'DeliveryDeadLettered');

    expect(reasonOf(events)).toBe('source_event_gone');
    expect(world.receiver.requests).toHaveLength(1);
  });

  it('is replayed with the same id, marked as a replay', async () => {
    await world.register(life, 'a');
    await world.append();
    await world.untilRecorded(1, 'DeliverySucceeded');
    const deliveryId = world.receiver.requests[0]?.webhookId ?? '';

    await life.commands.execute(new ReplayDelivery({ deliveryId, requestedBy: 'ops' }));
    await world.receiver.until(() => world.receiver.requests.length === 2);

    const [first, second] = world.receiver.requests;
    expect(second?.webhookId).toBe(first?.webhookId);
    expect(first?.headers['webhook-replay']).toBeUndefined();
    expect(second?.headers['webhook-replay']).toBe('true');
  });

  it('is not replayed when its webhook allows none', async () => {
    await world.register(life, 'a', (webhook) => webhook.notReplayable());
    await world.append();
    await world.untilRecorded(1, 'DeliverySucceeded');
    const deliveryId = world.receiver.requests[0]?.webhookId ?? '';

    await expect(
      life.commands.execute(new ReplayDelivery({ deliveryId, requestedBy: 'ops' })),
    ).rejects.toMatchObject({ code: 'PSH_DELIVERY_NOT_REPLAYABLE' });
  });

  it('that is discarded is not attempted again, and tells who and why', async () => {
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(503).end();
    });
    await world.register(life, 'a', (webhook) =>
      webhook.withRetry({ kind: 'fixed', attempts: 5, delayMs: 3_600_000 }),
    );
    await world.append();
    await world.untilRecorded(1, 'DeliveryAttempted');
    const deliveryId = world.receiver.requests[0]?.webhookId ?? '';

    const request = { deliveryId, requestedBy: 'ops', reason: 'obsolete' };
    await life.commands.execute(new DiscardDelivery(request));

    const [events] = [...(await world.recorded()).values()];
    expect(events?.at(-1)).toMatchObject({
      type: 'DeliveryDiscarded',
      data: { discardedBy: 'ops', reason: 'obsolete' },
    });
  });

  it('is told on the event bus once it is recorded', async () => {
    const told = firstValueFrom(
      life.app.get(EventBus).pipe(filter((event) => event instanceof DeliverySucceeded)),
    );
    await world.register(life, 'a');
    await world.append();

    expect(await told).toMatchObject({
      deliveryId: world.receiver.requests[0]?.webhookId,
      data: { run: 1, attemptCount: 1 },
    });
  });

  it('is none when it is a test call: nothing is recorded', async () => {
    await world.register(life, 'a', (webhook) => webhook.withBearerToken('token-of-the-endpoint'));

    const result = await life.commands.execute(new TestWebhook('a'));

    expect(result).toMatchObject({ isSuccess: true, statusCode: 204, errorClass: null });
    expect(world.receiver.requests[0]?.headers['authorization']).toBe(
      'Bearer token-of-the-endpoint',
    );
    expect((await world.recorded()).size).toBe(0);
  });
});

describe('the tenant of an event', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  const append = (tenantId: string | undefined): Promise<unknown> =>
    world.store.client.appendToStream(
      `order-${randomUUID()}`,
      jsonEvent({
        type: 'order.placed',
        data: {},
        ...(tenantId === undefined ? {} : { metadata: { tenantId } }),
      }),
    );

  it('decides which webhooks see it: their own, and the global one', async () => {
    const life = await world.start();
    await world.register(life, 'acme', (webhook) => webhook.forTenant('acme'));
    await world.register(life, 'none');
    await world.register(life, 'all', (webhook) => webhook.forAllTenants());

    await append('acme');
    await append('other');
    await append(undefined);
    await world.untilRecorded(5, 'DeliverySucceeded');

    const counts = ['/acme', '/none', '/all'].map((path) => world.receiver.at(path).length);
    expect(counts).toEqual([1, 1, 3]);
  });

  it('fails closed when resolver and metadata disagree: the event is quarantined', async () => {
    const life = await world.start({ tenantResolver: () => 'acme' });
    await world.register(life, 'all', (webhook) => webhook.forAllTenants());

    await append('other');
    const health = life.app.get(PosthornHealth);
    const quarantined = (): unknown =>
      health.check().find(({ name }) => name === 'feed')?.details['quarantined'];
    while (quarantined() !== 1) await new Promise((resolve) => setTimeout(resolve, 50));
    await append(undefined);
    await world.untilRecorded(1, 'DeliverySucceeded');

    expect(world.receiver.requests).toHaveLength(1);
    const recorded: unknown[] = [];
    for await (const { event } of world.store.client.readStream(world.names.feed)) {
      if (event?.type === 'FeedEventQuarantined') recorded.push(event.data);
    }
    expect(recorded).toMatchObject([{ code: 'PSH_FEED_TENANT_MISMATCH' }]);
  });
});
