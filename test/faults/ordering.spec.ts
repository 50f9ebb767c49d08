import { jest } from '@jest/globals';
import { DiscardDelivery, ReplayDelivery } from '../../modules/delivery/index.js';
import { type DeliveryItem, GetDeliveries } from '../../src/index.js';
import { StartReplay } from '../../modules/replay/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import { appendNumbers, OrderedEndpoint, upTo } from '../support/ordered-endpoint.js';

/** Each group starts the whole application, on a machine that may be busy. */
jest.setTimeout(60_000);

const QUICK = { kind: 'fixed', attempts: 6, delayMs: 50 } as const;
const ONCE = { kind: 'fixed', attempts: 1, delayMs: 1 } as const;

describe('a webhook that keeps the order of streams', () => {
  let world: DeliveryWorld;
  let life: Life;

  beforeAll(async () => {
    world = await DeliveryWorld.create();
    life = await world.start();
  });

  afterAll(async () => {
    await world.end();
  });

  const append = (stream: string, ...numbers: number[]): Promise<void> =>
    appendNumbers(world.store.client, stream, ...numbers);

  /** The deliveries of a webhook, oldest first, once they are as they should be. */
  async function deliveriesOf(
    webhookId: string,
    areThey: (items: readonly DeliveryItem[]) => boolean,
  ): Promise<readonly DeliveryItem[]> {
    for (;;) {
      const { items } = await life.queries.execute(new GetDeliveries({ webhookId }));
      if (areThey(items)) return [...items].sort((a, b) => Number(a.revision) - Number(b.revision));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const statusesOf = (items: readonly DeliveryItem[]): string[] =>
    items.map(({ status }) => status);

  it('is told of each stream in its order while one event of it is tried again; other streams go on', async () => {
    const endpoint = new OrderedEndpoint(
      world.receiver,
      '/a',
      ({ number, stream }, count) => stream === 'order-slow' && number === 2 && count <= 4,
    );
    await world.register(life, 'a', (webhook) =>
      webhook.withOrdering('source-stream').withRetry(QUICK),
    );
    const streams = ['order-slow', 'order-one', 'order-two'];
    for (const stream of streams) await append(stream, ...upTo(8));
    await endpoint.until(24);

    expect(endpoint.accepted).toEqual(
      Object.fromEntries(streams.map((stream) => [stream, upTo(8)])),
    );
    expect(endpoint.received).toHaveLength(28);
    const lastOfOthers = endpoint.received.findLastIndex(({ stream }) => stream !== 'order-slow');
    const isLetGo = endpoint.received.findIndex(
      ({ number, stream }) => stream === 'order-slow' && number === 3,
    );
    expect(lastOfOthers).toBeLessThan(isLetGo);
    await life.webhooks.remove('a');
  });

  it('goes on after a dead letter, which is late when it is replayed', async () => {
    let isFailing = true;
    const endpoint = new OrderedEndpoint(
      world.receiver,
      '/b',
      ({ number }) => isFailing && number === 1,
    );
    await world.register(life, 'b', (webhook) =>
      webhook.withOrdering('source-stream').withRetry(ONCE),
    );
    await append('order-b', ...upTo(4));
    await endpoint.until(3);
    const deliveries = await deliveriesOf(
      'b',
      (items) => items.filter(({ completedAt }) => completedAt).length === 4,
    );
    expect(statusesOf(deliveries)).toEqual([
      'succeeded',
      'dead-lettered',
      'succeeded',
      'succeeded',
    ]);

    isFailing = false;
    await life.commands.execute(
      new ReplayDelivery({ deliveryId: deliveries[1]?.id ?? '', requestedBy: 'ops' }),
    );
    await endpoint.until(4);
    expect(endpoint.accepted).toEqual({ 'order-b': [0, 2, 3, 1] });
    await life.webhooks.remove('b');
  });

  it('or is held by a dead letter until it is replayed to success or discarded', async () => {
    let isFailing = true;
    const endpoint = new OrderedEndpoint(
      world.receiver,
      '/c',
      ({ number }) => isFailing && number === 1,
    );
    await world.register(life, 'c', (webhook) =>
      webhook.withOrdering('source-stream', { onDeadLetter: 'hold' }).withRetry(ONCE),
    );
    await append('order-c', ...upTo(4));
    await append('order-free', 0);
    const held = await deliveriesOf(
      'c',
      (items) => items.length === 5 && items.filter(({ completedAt }) => completedAt).length === 3,
    );
    const waiting = held.filter(({ status }) => status === 'scheduled');
    expect(waiting.map(({ revision }) => revision)).toEqual(['2', '3']);
    expect(waiting.every(({ isWaitingInOrder }) => isWaitingInOrder)).toBe(true);
    expect(endpoint.accepted).toEqual({ 'order-c': [0], 'order-free': [0] });
    const dead = held.find(({ status }) => status === 'dead-lettered')?.id ?? '';

    await life.commands.execute(new ReplayDelivery({ deliveryId: dead, requestedBy: 'ops' }));
    await deliveriesOf('c', (items) =>
      items.some(
        ({ attemptCount, id, status }) =>
          id === dead && attemptCount === 2 && status === 'dead-lettered',
      ),
    );
    expect(endpoint.accepted['order-c']).toEqual([0]);
    isFailing = false;
    await life.commands.execute(new ReplayDelivery({ deliveryId: dead, requestedBy: 'ops' }));
    await endpoint.until(5);
    expect(endpoint.accepted['order-c']).toEqual(upTo(4));

    isFailing = true;
    await append('order-given-up', ...upTo(3));
    const [givenUp] = await deliveriesOf('c', (items) =>
      items.some(({ status }) => status === 'dead-lettered'),
    ).then((items) => items.filter(({ status }) => status === 'dead-lettered'));
    await life.commands.execute(
      new DiscardDelivery({ deliveryId: givenUp?.id ?? '', requestedBy: 'ops' }),
    );
    await endpoint.until(7);
    expect(endpoint.accepted['order-given-up']).toEqual([0, 2]);
    await life.webhooks.remove('c');
  });

  it('is told of its history before what is new, in one order', async () => {
    const streams = ['old-a', 'old-b'];
    for (const stream of streams) await append(stream, ...upTo(20));
    const endpoint = new OrderedEndpoint(
      world.receiver,
      '/d',
      ({ number }, count) => number % 7 === 3 && count <= 2,
    );
    await world.register(life, 'd', (webhook) =>
      webhook
        .fromCategory('old')
        .withOrdering('source-stream')
        .withRetry(QUICK)
        .startFrom('beginning'),
    );
    for (const number of [20, 21, 22]) for (const stream of streams) await append(stream, number);
    await endpoint.until(46);

    expect(endpoint.accepted).toEqual({ 'old-a': upTo(23), 'old-b': upTo(23) });
    await life.webhooks.remove('d');
  });

  it('takes a gap that is replayed in the order of its streams, too', async () => {
    const endpoint = new OrderedEndpoint(
      world.receiver,
      '/e',
      ({ number }, count) => number === 1 && count <= 2,
    );
    await world.register(life, 'e', (webhook) =>
      webhook.withOrdering('source-stream').withRetry(QUICK),
    );
    await life.webhooks.disable('e', 'maintenance');
    await append('order-gap', ...upTo(6));
    await life.webhooks.enable('e');
    await life.commands.execute(
      new StartReplay({ webhookId: 'e', from: 'disabled', requestedBy: 'ops' }),
    );
    await endpoint.until(6);

    expect(endpoint.accepted).toEqual({ 'order-gap': upTo(6) });
    await life.webhooks.remove('e');
  });
});
