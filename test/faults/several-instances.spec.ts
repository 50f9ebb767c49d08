import { jest } from '@jest/globals';
import {
  type DeliveryEvent,
  DeliveryEngine,
  ReplayDelivery,
} from '../../modules/delivery/index.js';
import { Webhook, type WebhookDefinition } from '../../src/index.js';
import type { DefinitionBuilder } from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import { QuickClock, sharedStore } from '../support/shared-store.js';

/** Each test starts the whole application several times, on a machine that may be busy. */
jest.setTimeout(60_000);

const typesOf = (events: readonly DeliveryEvent[] = []): string[] => events.map(({ type }) => type);

const ownersOf = (events: readonly DeliveryEvent[] = []): string[] =>
  events.flatMap(({ data }) => ('owner' in data ? [data.owner] : []));

describe('two instances on one event store', () => {
  const clock = new QuickClock(10);
  let world: DeliveryWorld;
  let a: Life;
  let b: Life;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    world.store = sharedStore(world.store);
    a = await world.start({ clock });
    b = await world.start({ clock });
  });

  afterEach(async () => {
    await world.end();
  });

  /** Resolves when `isMet` holds; what it asks for follows the log by itself. */
  async function until(isMet: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isMet())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('deliver what is appended after a registration on either, whichever handles it', async () => {
    const ids = Array.from({ length: 12 }, (_id, number) => `hook-${number}`);
    for (const [number, id] of ids.entries()) {
      await world.register(number % 2 === 0 ? a : b, id);
      await world.append();
    }
    // The first webhook is told of every event, the last one of the last.
    const deliveries = await world.untilRecorded((12 * 13) / 2, 'DeliverySucceeded');

    expect(deliveries).toHaveLength((12 * 13) / 2);
    for (const [number, id] of ids.entries()) {
      expect(world.receiver.at(`/${id}`)).toHaveLength(12 - number);
    }
  });

  it('hold the deliveries of a webhook that the other one has paused, until either resumes it', async () => {
    let isDown = true;
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(isDown ? 503 : 204).end();
    });
    await world.register(a, 'a', (webhook) =>
      webhook.withRetry({ kind: 'fixed', attempts: 50, delayMs: 20_000 }),
    );
    for (let number = 0; number < 6; number++) await world.append();
    await world.untilRecorded(6, 'DeliveryAttempted');
    await a.webhooks.pause('a');
    const sentBefore = world.receiver.at('/a').length;
    isDown = false;
    await world.append();
    await world.untilRecorded(1, 'DeliveryScheduled');
    // Far beyond the due times, and beyond the time after which one instance takes what the other left.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(world.receiver.at('/a')).toHaveLength(sentBefore);

    await b.webhooks.resume('a');
    const deliveries = await world.untilRecorded(7, 'DeliverySucceeded');

    expect(deliveries).toHaveLength(7);
  });

  it('discard what is pending of a webhook that the other one has removed', async () => {
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(503).end();
    });
    await world.register(a, 'a', (webhook) =>
      webhook.withRetry({ kind: 'fixed', attempts: 50, delayMs: 5_000 }),
    );
    for (let number = 0; number < 6; number++) await world.append();
    await world.untilRecorded(6, 'DeliveryAttempted');

    await b.webhooks.remove('a');
    const deliveries = await world.untilRecorded(6, 'DeliveryDiscarded');

    for (const events of deliveries) {
      expect(events.at(-1)).toMatchObject({ data: { reason: 'webhook_removed' } });
    }
  });

  it('match nothing for a webhook that answered 410 to the other one', async () => {
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(410).end();
    });
    await world.register(a, 'a');
    await world.append();
    await world.untilRecorded(1, 'DeliveryDeadLettered');
    await until(async () => (await b.webhooks.get('a')).status === 'disabled');

    await world.register(b, 'b');
    for (let number = 0; number < 4; number++) await world.append();
    await world.untilRecorded(4, 'DeliverySucceeded');

    expect(world.receiver.at('/a')).toHaveLength(1);
  });

  it('sign with the secret that the other one has rotated, beside the one before', async () => {
    await world.register(a, 'a');
    const before = await b.webhooks.revealSigningSecret('a');
    await a.webhooks.rotateSecret('a');
    for (let number = 0; number < 6; number++) await world.append();
    await world.untilRecorded(6, 'DeliverySucceeded');

    expect(await b.webhooks.revealSigningSecret('a')).not.toBe(before);
    for (const { headers } of world.receiver.at('/a')) {
      expect(String(headers['webhook-signature']).split(' ')).toHaveLength(2);
    }
  });

  it('attempt what a replay on either of them asks for, at once', async () => {
    await world.register(a, 'a');
    await world.append();
    await world.untilRecorded(1, 'DeliverySucceeded');
    const deliveryId = world.receiver.at('/a')[0]?.webhookId ?? '';

    await b.commands.execute(new ReplayDelivery({ deliveryId, requestedBy: 'ops' }));
    const isDelivered = async (times: number): Promise<boolean> => {
      const [events] = [...(await world.recorded()).values()];
      return typesOf(events).filter((type) => type === 'DeliverySucceeded').length === times;
    };
    await until(() => isDelivered(2));
    await a.commands.execute(new ReplayDelivery({ deliveryId, requestedBy: 'ops' }));
    await until(() => isDelivered(3));

    expect(world.receiver.at('/a')).toHaveLength(3);
  });

  it('leave what one of them owns to it, and take it when that one is gone', async () => {
    world.receiver.behave('/a', (_request, response, count) => {
      response.writeHead(count === 1 ? 503 : 204).end();
    });
    await world.register(a, 'a', (webhook) =>
      webhook.withRetry({ kind: 'fixed', attempts: 5, delayMs: 10_000 }),
    );
    for (let number = 0; number < 4; number++) await world.append();
    await world.untilRecorded(4, 'DeliveryAttempted');
    a.store.stopNow();

    const deliveries = await world.untilRecorded(4, 'DeliverySucceeded');

    for (const events of deliveries) {
      expect(typesOf(events)).toEqual([
        'DeliveryAttempted',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
    }
    expect(world.receiver.at('/a')).toHaveLength(8);
  });
});

describe('two instances that are both well', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    world.store = sharedStore(world.store);
  });

  afterEach(async () => {
    await world.end();
  });

  it('claim each retry once: whichever made the attempt before makes the next', async () => {
    const a = await world.start();
    await world.start();
    world.receiver.behave('/a', (_request, response, count) => {
      response.writeHead(count <= 2 ? 503 : 204).end();
    });
    await world.register(a, 'a', (webhook) =>
      webhook.withRetry({ kind: 'fixed', attempts: 5, delayMs: 300 }),
    );
    for (let number = 0; number < 20; number++) await world.append();

    const deliveries = await world.untilRecorded(20, 'DeliverySucceeded');

    for (const events of deliveries) {
      expect(typesOf(events).filter((type) => type === 'DeliveryClaimed')).toHaveLength(2);
      expect(new Set(ownersOf(events)).size).toBe(1);
    }
    expect(world.receiver.at('/a')).toHaveLength(60);
  });
});

describe('a delivery that needs code', () => {
  const clock = new QuickClock(10);
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    world.store = sharedStore(world.store);
  });

  afterEach(async () => {
    await world.end();
  });

  /** A class that declares a webhook whose secret is in the code of one release. */
  function declaring(token: string) {
    @Webhook({ id: 'secured', url: world.receiver.url('/secured') })
    class Secured implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        webhook.withEventType('order.*').withBearerToken(token);
      }
    }
    return Secured;
  }

  const startRelease = (release: number, token: string): Promise<Life> =>
    world.start({ clock, release }, undefined, [declaring(token)]);

  it('is made by an instance that holds it, whoever observed the event', async () => {
    await startRelease(1, 'old-token');
    await startRelease(2, 'new-token');

    for (let number = 0; number < 10; number++) await world.append();
    const deliveries = await world.untilRecorded(10, 'DeliverySucceeded');

    expect(deliveries).toHaveLength(10);
    expect(world.receiver.at('/secured')).toHaveLength(10);
    const tokens = world.receiver.at('/secured').map(({ headers }) => headers.authorization);
    expect(new Set(tokens)).toEqual(new Set(['Bearer new-token']));
  });

  it('waits for an instance that holds it, which takes it at once; meanwhile it is reported', async () => {
    const next = await startRelease(2, 'new-token');
    next.store.stopNow();
    const old = await startRelease(1, 'old-token');
    await world.append();
    await world.untilRecorded(1, 'DeliveryScheduled');
    const { load } = old.app.get(DeliveryEngine);
    expect(load.waitingForCode).toEqual([]);
    while (old.app.get(DeliveryEngine).load.waitingForCode.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(old.app.get(DeliveryEngine).load.waitingForCode).toEqual(['secured']);
    expect(world.receiver.at('/secured')).toHaveLength(0);

    await startRelease(2, 'new-token');
    const [events] = await world.untilRecorded(1, 'DeliverySucceeded');

    expect(events?.[0]).toMatchObject({
      type: 'DeliveryScheduled',
      data: { reason: 'needs-code' },
    });
    while (old.app.get(DeliveryEngine).load.waitingForCode.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
