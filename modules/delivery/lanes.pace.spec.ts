import fc from 'fast-check';
import { ManualClock } from '../kernel/index.js';
import type { LaneKey } from './lane-key.js';
import type { LaneQueue } from './lane.js';
import { Lanes } from './lanes.js';
import type { LaneReport } from './pace/lane-signal.js';

const HOUR_MS = 3_600_000;

const keyOf = (webhookId: string, key: Partial<LaneKey> = {}): LaneKey => ({
  webhookId,
  tenantId: null,
  concurrency: 4,
  rateLimit: null,
  origin: null,
  ...key,
});

const OK: LaneReport = { signal: 'answers', retryAfterMs: null };
const DOWN: LaneReport = { signal: 'unavailable', retryAfterMs: null };
const asked = (retryAfterMs: number): LaneReport => ({ signal: 'overloaded', retryAfterMs });

/** Lanes whose requests last `durationMs` and meet what `meets` says. */
class PacedWorld {
  readonly clock = new ManualClock();
  readonly lanes: Lanes;
  /** When each request started, and for whom. */
  readonly starts: { readonly webhookId: string; readonly at: number }[] = [];
  readonly roomAt: string[] = [];
  durationMs = 0;
  meets: (key: LaneKey) => LaneReport = () => OK;

  constructor(options: Partial<ConstructorParameters<typeof Lanes>[0]> = {}) {
    this.lanes = new Lanes({
      clock: this.clock,
      maxConcurrentAttempts: 100,
      maxWaitingPerLane: 1_000,
      patienceMs: 500,
      maxConcurrentPerOrigin: 100,
      longestRetryAfterMs: HOUR_MS,
      ...options,
    });
    this.lanes.onRoom((webhookId) => this.roomAt.push(webhookId));
  }

  offer(key: LaneKey, queue: LaneQueue = 'backlog'): boolean {
    const run = async (): Promise<void> => {
      const startedAt = this.clock.monotonic();
      this.starts.push({ webhookId: key.webhookId, at: startedAt });
      await new Promise<void>((resolve) => this.clock.setTimer(resolve, this.durationMs));
      this.lanes.met(key, this.meets(key), startedAt);
    };
    return this.lanes.offer(key, { run }, queue);
  }

  /** Lets time pass in steps, and what ends in it end. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await new Promise(setImmediate);
    }
  }

  /** Lets the endpoint of the lane fail for as long as it takes to be believed. */
  async breakDown(key: LaneKey): Promise<void> {
    this.meets = () => DOWN;
    for (let failure = 0; failure < 32; failure++) {
      this.offer(key);
      await this.pass(10_000);
    }
    if (this.lanes.stateOf(key).breaker === 'closed') throw new Error('it is believed to be well');
    this.starts.length = 0;
  }

  async settle(): Promise<void> {
    await this.pass(1);
  }
}

describe('a lane with a rate limit', () => {
  it('starts what its bucket holds, and the rest in order as tokens come, with one timer', async () => {
    const world = new PacedWorld();
    const key = keyOf('a', { rateLimit: { perSecond: 10, burst: 2 }, concurrency: 50 });
    for (let task = 0; task < 7; task++) world.offer(key);
    expect(world.starts).toHaveLength(2);

    await world.pass(500, 10);
    expect(world.starts.map(({ at }) => Math.round(at / 100))).toEqual([0, 0, 1, 2, 3, 4, 5]);
    expect(world.clock.pendingTimers).toBeLessThanOrEqual(1);
  });

  it('takes live tasks only as far as their turn comes in time', () => {
    const world = new PacedWorld();
    const key = keyOf('a', { rateLimit: { perSecond: 10, burst: 1 } });
    const taken = Array.from({ length: 10 }, () => world.offer(key, 'live'));

    expect(taken.filter(Boolean)).toHaveLength(1 + 5);
    expect(world.lanes.isSlowed(key)).toBe(true);
  });

  it('never starts more than its limit in any second, whatever is offered', async () => {
    const offers = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(offers, fc.integer({ min: 1, max: 20 }), async (pausesMs, perSecond) => {
        const world = new PacedWorld();
        const key = keyOf('a', { rateLimit: { perSecond, burst: 1 }, concurrency: 100 });
        for (const pause of pausesMs) {
          world.offer(key, pause % 2 === 0 ? 'live' : 'backlog');
          if (pause > 0) world.clock.advance(pause);
        }
        await world.pass(2_000, 50);
        const inSecondFrom = (from: number): number =>
          world.starts.filter(({ at }) => at >= from && at < from + 999).length;
        expect(world.starts.every(({ at }) => inSecondFrom(at) <= perSecond)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a lane whose endpoint asks to be left alone', () => {
  it('starts nothing before then, for no delivery, and says when there is room again', async () => {
    const world = new PacedWorld();
    world.meets = () => asked(30_000);
    const key = keyOf('a');
    world.offer(key);
    await world.settle();
    expect(world.offer(key, 'live')).toBe(false);
    expect(world.lanes.backlogRoom(key)).toBe(0);
    world.roomAt.length = 0;

    await world.pass(29_990);
    expect(world.roomAt).toEqual([]);
    await world.pass(20);
    expect(world.roomAt).toContain('a');
    expect(world.lanes.backlogRoom(key)).toBeGreaterThan(0);
  });

  it('is closed no longer than the cap', async () => {
    const world = new PacedWorld({ longestRetryAfterMs: 60_000 });
    world.meets = () => asked(24 * HOUR_MS);
    const key = keyOf('a');
    world.offer(key);
    await world.settle();

    expect(world.lanes.stateOf(key)).toMatchObject({ reason: 'retry-after', opensInMs: 60_000 });
  });

  it('opens at once when somebody changes or resumes the webhook', async () => {
    const world = new PacedWorld();
    world.meets = () => asked(HOUR_MS);
    const key = keyOf('a');
    world.offer(key);
    await world.settle();
    world.lanes.webhookChanged('a');

    expect(world.lanes.stateOf(key)).toMatchObject({ reason: null, opensInMs: 0 });
  });

  it('holds up no other lane', async () => {
    const world = new PacedWorld();
    world.meets = () => asked(HOUR_MS);
    world.offer(keyOf('a'));
    await world.settle();
    world.offer(keyOf('b'));

    expect(world.starts.map(({ webhookId }) => webhookId)).toEqual(['a', 'b']);
  });
});

describe('a lane whose endpoint is down', () => {
  it('goes on for minutes by the retry schedule alone, one request at a time', async () => {
    const world = new PacedWorld();
    world.durationMs = 100;
    world.meets = () => DOWN;
    const key = keyOf('a', { concurrency: 10 });
    for (let task = 0; task < 200; task++) world.offer(key);
    await world.pass(25_000, 50);

    expect(world.starts).toHaveLength(200);
    expect(world.lanes.stateOf(key)).toMatchObject({ breaker: 'closed', concurrency: 1 });
  });

  it('is opened by a probe at a time until one succeeds, and then works off what waits', async () => {
    const world = new PacedWorld();
    const key = keyOf('a', { concurrency: 10 });
    await world.breakDown(key);
    for (let task = 0; task < 60; task++) world.offer(key);
    await world.pass(600_000, 100);
    const { starts } = world;
    expect(world.lanes.stateOf(key)).toMatchObject({ breaker: 'open', concurrency: 1 });
    // After 1, 2, 4, ... 60 seconds.
    expect(starts.length).toBeLessThan(20);
    expect(starts.length).toBeGreaterThan(9);

    world.meets = () => OK;
    await world.pass(60_000, 100);
    expect(starts).toHaveLength(60);
    await world.pass(60_000, 100);
    expect(world.lanes.stateOf(key)).toMatchObject({ breaker: 'closed', active: 0, waiting: 0 });
  });

  it('still lets every task through in the end: waiting is bounded', async () => {
    const world = new PacedWorld();
    const key = keyOf('a', { concurrency: 10 });
    await world.breakDown(key);
    for (let task = 0; task < 1_000; task++) world.offer(key);
    await world.pass(24 * HOUR_MS, 30_000);
    const before = world.starts.length;
    for (let task = 0; task < 500; task++) world.offer(key);
    await world.pass(1_000_000, 500);

    expect(world.starts.length - before).toBeGreaterThanOrEqual(1_000_000 / 10_500 - 2);
  });
});

describe('a request that no lane made, such as a test call', () => {
  it('opens the lane at once when its endpoint answers', async () => {
    const world = new PacedWorld();
    const key = keyOf('a', { concurrency: 10 });
    await world.breakDown(key);
    for (let task = 0; task < 20; task++) world.offer(key);
    await world.pass(100_000, 100);
    const { length } = world.starts;
    world.meets = () => OK;
    world.lanes.met(key, OK, world.clock.monotonic());

    expect(world.starts).toHaveLength(length + 1);
  });
});

describe('webhooks of one origin', () => {
  it('share its places in turn, and no place stays empty while one of them waits', async () => {
    const world = new PacedWorld({ maxConcurrentPerOrigin: 3 });
    world.durationMs = 100;
    const origin = 'https://chat.example';
    const keys = ['a', 'b', 'c', 'd', 'e'].map((id) => keyOf(id, { origin }));
    for (let round = 0; round < 6; round++) for (const key of keys) world.offer(key);
    expect(world.lanes.active).toBe(3);
    expect(world.offer(keyOf('other', { origin: 'https://other.example' }))).toBe(true);
    expect(world.lanes.active).toBe(4);

    await world.pass(1_000, 100);
    expect(world.starts).toHaveLength(31);
    const first15 = world.starts.filter(({ webhookId }) => webhookId !== 'other').slice(0, 15);
    const perWebhook = keys.map(
      (key) => first15.filter(({ webhookId }) => webhookId === key.webhookId).length,
    );
    expect(Math.min(...perWebhook)).toBeGreaterThanOrEqual(2);
  });

  it('leave their places to others when they are closed themselves', async () => {
    const world = new PacedWorld({ maxConcurrentPerOrigin: 1 });
    world.durationMs = 10;
    const origin = 'https://chat.example';
    const limited = keyOf('limited', { origin, rateLimit: { perMinute: 1, burst: 1 } });
    const free = keyOf('free', { origin });
    for (let task = 0; task < 3; task++) world.offer(limited);
    for (let task = 0; task < 5; task++) world.offer(free);
    await world.pass(100, 10);

    const count = (id: string): number =>
      world.starts.filter(({ webhookId }) => webhookId === id).length;
    expect([count('limited'), count('free')]).toEqual([1, 5]);
  });
});
