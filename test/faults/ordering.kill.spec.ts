import { jest } from '@jest/globals';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import type { FaultPoint } from '../support/fault-point.js';
import { appendNumbers, OrderedEndpoint, upTo } from '../support/ordered-endpoint.js';
import { SeededRandom } from '../support/seeded-random.js';
import { QuickClock, sharedStore } from '../support/shared-store.js';

/** Each test starts the whole application several times, on a machine that may be busy. */
jest.setTimeout(60_000);

const STREAMS = ['order-a', 'order-b', 'order-c'];
const QUICK = { kind: 'fixed', attempts: 50, delayMs: 20 } as const;

const inOrder = (count: number): Record<string, number[]> =>
  Object.fromEntries(STREAMS.map((stream) => [stream, upTo(count)]));

describe('the order of streams', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  function register(life: Life): Promise<void> {
    return world.register(life, 'a', (webhook) =>
      webhook.withOrdering('source-stream').withRetry(QUICK).withTimeout(1_000),
    );
  }

  it('outlives kills at every record of a delivery', async () => {
    const random = new SeededRandom(20_261_122);
    const endpoint = new OrderedEndpoint(world.receiver, '/a', () => random.next() < 0.3);
    const faults: FaultPoint[] = [
      { eventType: 'DeliveryScheduled', when: 'after', occurrence: 3 },
      { eventType: 'DeliveryClaimed', when: 'before', occurrence: 2 },
      { eventType: 'DeliveryClaimed', when: 'after', occurrence: 3 },
      { eventType: 'DeliverySucceeded', when: 'before', occurrence: 2 },
      { eventType: 'DeliverySucceeded', when: 'after', occurrence: 3 },
    ];
    const registering = await world.start();
    await register(registering);
    registering.store.stopNow();
    for (const [round, fault] of faults.entries()) {
      const life = await world.start({}, fault);
      for (const stream of STREAMS) {
        const numbers = upTo(3).map((number) => 3 * round + number);
        await appendNumbers(world.store.client, stream, ...numbers);
      }
      await life.store.stopped;
    }
    await world.start();
    await endpoint.until(3 * 3 * faults.length);

    expect(endpoint.accepted).toEqual(inOrder(3 * faults.length));
  });

  it('holds over three instances that are killed one after the other', async () => {
    world.store = sharedStore(world.store);
    const clock = new QuickClock(10);
    const random = new SeededRandom(7);
    const endpoint = new OrderedEndpoint(world.receiver, '/a', () => random.next() < 0.3);
    const lives = [await world.start({ clock }), await world.start({ clock })];
    lives.push(await world.start({ clock }));
    const [first] = lives;
    if (first) await register(first);
    const rounds = 3;
    for (let round = 0; round < rounds; round++) {
      for (const number of upTo(5)) {
        for (const stream of STREAMS) {
          await appendNumbers(world.store.client, stream, 5 * round + number);
        }
      }
      await endpoint.until(15 * round + 6);
      lives.shift()?.store.stopNow();
      lives.push(await world.start({ clock }));
    }
    await endpoint.until(3 * 5 * rounds);

    expect(endpoint.accepted).toEqual(inOrder(5 * rounds));
  });
});
