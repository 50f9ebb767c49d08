import { jest } from '@jest/globals';
import { jsonEvent } from '@eventstore/db-client';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import type { ReceivedRequest } from '../support/recording-receiver.js';

/** Each describe starts the whole application, on a machine that may be busy. */
jest.setTimeout(60_000);

interface Told {
  readonly stream: string;
  readonly number: number;
}

const tells = ({ body }: ReceivedRequest): Told =>
  (JSON.parse(body) as { data: { data?: Told } & Told }).data.data ??
  (JSON.parse(body) as { data: Told }).data;

/** The numbers that came to `path` of each stream, each when it came first. */
function arrivals(world: DeliveryWorld, path: string): Record<string, number[]> {
  const numbers: Record<string, number[]> = {};
  for (const request of world.receiver.at(path)) {
    const { stream, number } = tells(request);
    const seen = (numbers[stream] ??= []);
    if (!seen.includes(number)) seen.push(number);
  }
  return numbers;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_one, number) => number);

async function append(world: DeliveryWorld, stream: string, ...numbers: number[]): Promise<void> {
  const events = numbers.map((number) =>
    jsonEvent({ type: 'order.placed', data: { stream, number } }),
  );
  await world.store.client.appendToStream(stream, events);
}

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

  it('is told of each stream in its order while one event of it is tried again; other streams go on', async () => {
    await world.register(life, 'a', (webhook) =>
      webhook.withOrdering('source-stream').withRetry({ kind: 'fixed', attempts: 6, delayMs: 50 }),
    );
    world.receiver.behave('/a', (request, response, count) => {
      const { stream, number } = tells(request);
      const isFailing = stream === 'order-slow' && number === 2 && count <= 4;
      response.writeHead(isFailing ? 503 : 204).end();
    });
    await append(world, 'order-slow', ...upTo(8));
    await append(world, 'order-one', ...upTo(8));
    await append(world, 'order-two', ...upTo(8));

    await world.untilRecorded(24, 'DeliverySucceeded');

    expect(arrivals(world, '/a')).toEqual({
      'order-slow': upTo(8),
      'order-one': upTo(8),
      'order-two': upTo(8),
    });
    const order = world.receiver.at('/a').map(tells);
    const lastOfOthers = order.findLastIndex(({ stream }) => stream !== 'order-slow');
    const fourthFailure = order.findIndex(
      ({ stream, number }) => stream === 'order-slow' && number === 3,
    );
    expect(lastOfOthers).toBeLessThan(fourthFailure);
    expect(world.receiver.at('/a')).toHaveLength(28);
  });
});
