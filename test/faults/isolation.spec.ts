import type { ServerResponse } from 'node:http';
import { jest } from '@jest/globals';
import { PosthornHealth } from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';

/** Thousands of deliveries, on a machine that may be busy. */
jest.setTimeout(120_000);

/** Requests that are not answered before they are released. */
class HangingEndpoints {
  readonly #held: ServerResponse[] = [];
  #isReleased = false;

  constructor(world: DeliveryWorld, paths: readonly string[]) {
    for (const path of paths) {
      world.receiver.behave(path, (_request, response) => {
        if (this.#isReleased) response.writeHead(204).end();
        else this.#held.push(response);
      });
    }
  }

  get held(): number {
    return this.#held.length;
  }

  release(): void {
    this.#isReleased = true;
    for (const response of this.#held) response.writeHead(204).end();
  }
}

/** Resolves when the feed holds no event any more: each one it received is acknowledged. */
async function untilFeedIsFree({ app }: Life): Promise<void> {
  const health = app.get(PosthornHealth);
  const inFlight = (): unknown =>
    health.check().find(({ name }) => name === 'feed')?.details['inFlight'];
  while (inFlight() !== 0) await new Promise(setImmediate);
}

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}-${number}`);

describe('endpoints that never answer', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  it('hold neither the feed nor the deliveries of others, and theirs still end', async () => {
    const hung = named('hung', 20);
    const endpoints = new HangingEndpoints(
      world,
      hung.map((id) => `/${id}`),
    );
    const life = await world.start({ inlineWindowMs: 100 });
    for (const id of [...hung, 'well']) await world.register(life, id);

    for (let number = 0; number < 100; number++) await world.append({ number });
    await world.receiver.until(() => world.receiver.at('/well').length === 100);
    await untilFeedIsFree(life);
    // No request to a hung endpoint has been answered so far, and each has no more than its webhook allows.
    expect(endpoints.held).toBeGreaterThanOrEqual(hung.length);
    expect(endpoints.held).toBeLessThanOrEqual(hung.length * 10);

    endpoints.release();
    await world.untilRecorded(100 * (hung.length + 1), 'DeliverySucceeded');
    expect(new Set(world.receiver.requests.map(({ webhookId }) => webhookId)).size).toBe(2_100);
  });

  it('do not hold the feed when a thousand of them match one event', async () => {
    const hung = named('hung', 1_000);
    const endpoints = new HangingEndpoints(
      world,
      hung.map((id) => `/${id}`),
    );
    const life = await world.start({ inlineWindowMs: 200 });
    await Promise.all(hung.map((id) => world.register(life, id)));

    await world.append();
    await world.receiver.until(() => endpoints.held > 0);
    await untilFeedIsFree(life);
    const received = await world.append();
    expect(received).toBeDefined();
    await untilFeedIsFree(life);

    endpoints.release();
    await world.untilRecorded(2_000, 'DeliverySucceeded');
    expect(world.receiver.requests).toHaveLength(2_000);
  });
});

describe('an endpoint that times out on every request, at ten times the traffic of another', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  /** Appends events at a steady rate. @returns how long each took to the endpoint that answers, ascending */
  async function latencies(count: number, noisePerEvent: number): Promise<readonly number[]> {
    const took: number[] = [];
    const before = world.receiver.at('/well').length;
    for (let number = 0; number < count; number++) {
      const seen = before + number;
      const noise = Array.from({ length: noisePerEvent }, () => world.append({ tenant: 'noisy' }));
      const startedAt = performance.now();
      await world.append({ tenant: 'quiet' });
      await world.receiver.until(() => world.receiver.at('/well').length > seen);
      took.push(performance.now() - startedAt);
      await Promise.all(noise);
    }
    return took.sort((a, b) => a - b);
  }

  it('does not hold it back', async () => {
    const life = await world.start({
      tenantResolver: ({ data }) => (data as { tenant?: string }).tenant ?? null,
    });
    await world.register(life, 'well', (webhook) => webhook.forTenant('quiet'));
    await world.register(life, 'hung', (webhook) => webhook.forTenant('noisy').withTimeout(200));
    await latencies(50, 10);
    const endpoints = new HangingEndpoints(world, ['/hung']);
    await latencies(50, 10);
    const beside = await latencies(100, 10);

    // A machine that is busy with other suites has no figures to compare: it is the timeout that must not show.
    expect(beside[50]).toBeLessThan(200);
    expect(endpoints.held).toBeGreaterThan(0);
  });
});
