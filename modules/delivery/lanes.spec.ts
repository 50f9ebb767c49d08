import { ManualClock } from '../kernel/index.js';
import type { LaneTask } from './lane.js';
import type { LaneKey } from './lane-key.js';
import { Lanes } from './lanes.js';

/** A task that ends when it is told to. */
class Held implements LaneTask {
  isStarted = false;
  #end!: () => void;
  readonly #ended = new Promise<void>((resolve) => (this.#end = resolve));

  run(): Promise<void> {
    this.isStarted = true;
    return this.#ended;
  }

  async end(): Promise<void> {
    this.#end();
    await this.#ended;
    await new Promise(setImmediate);
  }
}

const keyOf = (webhookId: string, concurrency = 2, tenantId: string | null = null): LaneKey => ({
  webhookId,
  tenantId,
  concurrency,
  rateLimit: null,
  origin: null,
});

function lanes(options: Partial<ConstructorParameters<typeof Lanes>[0]> = {}) {
  const clock = new ManualClock();
  const all = new Lanes({
    clock,
    maxConcurrentAttempts: 100,
    maxWaitingPerLane: 10,
    patienceMs: 500,
    maxConcurrentPerOrigin: 100,
    longestRetryAfterMs: 3_600_000,
    ...options,
  });
  const offer = (key: LaneKey, queue: 'live' | 'backlog' = 'live') => {
    const task = new Held();
    return { task, isTaken: all.offer(key, task, queue) };
  };
  return { all, clock, offer };
}

describe('a lane', () => {
  it('starts as many requests as its webhook allows, and the next when one ends', async () => {
    const { offer } = lanes();
    const [first, second, third] = [offer(keyOf('a')), offer(keyOf('a')), offer(keyOf('a'))];

    expect([first, second, third].map(({ task }) => task.isStarted)).toEqual([true, true, false]);

    await first.task.end();
    expect(third.task.isStarted).toBe(true);
  });

  it('does not hold up another one', () => {
    const { offer } = lanes();
    for (let i = 0; i < 8; i++) offer(keyOf('hung'));

    expect(offer(keyOf('other')).task.isStarted).toBe(true);
  });

  it('takes no live task that would wait too long: the age of the oldest request tells', () => {
    const { clock, offer } = lanes();
    offer(keyOf('a'));
    offer(keyOf('a'));
    expect(offer(keyOf('a')).isTaken).toBe(true);

    clock.advance(2_000);
    expect(offer(keyOf('a')).isTaken).toBe(false);
  });

  it('is bounded', () => {
    const { offer } = lanes({ maxWaitingPerLane: 3, patienceMs: 1e9 });
    const taken = Array.from({ length: 8 }, () => offer(keyOf('a')).isTaken);

    expect(taken.filter(Boolean)).toHaveLength(2 + 3);
  });

  it('lets live tasks and the backlog take turns', async () => {
    const { offer } = lanes();
    const running = offer(keyOf('a', 1));
    const waiting = [
      offer(keyOf('a', 1), 'live'),
      offer(keyOf('a', 1), 'live'),
      offer(keyOf('a', 1), 'backlog'),
    ];
    const [live1, live2, backlog] = waiting.map(({ task }) => task);

    await running.task.end();
    await live1?.end();

    expect(backlog?.isStarted).toBe(true);
    expect(live2?.isStarted).toBe(false);
  });

  it('gives a waiting task back until it has started', async () => {
    const { all, offer } = lanes();
    const running = offer(keyOf('a', 1));
    const waiting = offer(keyOf('a', 1));

    expect(all.withdraw(keyOf('a', 1), waiting.task, 'live')).toBe(true);
    expect(all.withdraw(keyOf('a', 1), running.task, 'live')).toBe(false);

    await running.task.end();
    expect(waiting.task.isStarted).toBe(false);
  });
});

describe('the places of all lanes', () => {
  it('are never exceeded, and given in turn to lanes that have none', async () => {
    const { all, offer } = lanes({ maxConcurrentAttempts: 4 });
    const hung = ['a', 'b', 'c', 'd'].map((id) => offer(keyOf(id)));
    const late = offer(keyOf('e'));
    expect(all.active).toBe(4);
    expect(late.task.isStarted).toBe(false);

    await hung[0]?.task.end();
    expect(late.task.isStarted).toBe(true);
    expect(all.active).toBe(4);
  });

  it('are kept for those that have none, once they are scarce', () => {
    const { offer } = lanes({ maxConcurrentAttempts: 40, patienceMs: 1e9 });
    const greedy = Array.from({ length: 30 }, () => offer(keyOf('greedy', 100)));
    const started = greedy.filter(({ task }) => task.isStarted).length;

    expect(started).toBe(10);
    expect(offer(keyOf('modest', 100)).task.isStarted).toBe(true);
  });

  it('are given to tenants in turn, however many webhooks each has', async () => {
    const { offer } = lanes({ maxConcurrentAttempts: 2 });
    const running = [offer(keyOf('x')), offer(keyOf('y'))];
    const ofBig = ['a', 'b', 'c', 'd'].map((id) => offer(keyOf(id, 2, 'big')));
    const ofSmall = offer(keyOf('e', 2, 'small'));

    for (const { task } of running) await task.end();

    expect(ofBig.map(({ task }) => task.isStarted)).toEqual([true, false, false, false]);
    expect(ofSmall.task.isStarted).toBe(true);
  });

  it('tell when a lane has room again', async () => {
    const { all, offer } = lanes();
    const told: string[] = [];
    all.onRoom((webhookId) => told.push(webhookId));
    const { task } = offer(keyOf('a'));

    await task.end();
    expect(told).toEqual(['a']);
  });
});

describe('closing', () => {
  it('starts nothing more and waits for what is under way', async () => {
    const { all, offer } = lanes();
    const running = offer(keyOf('a', 1));
    const waiting = offer(keyOf('a', 1));
    let isClosed = false;
    const closed = all.close().then(() => (isClosed = true));

    expect(offer(keyOf('b')).isTaken).toBe(false);
    expect(isClosed).toBe(false);

    await running.task.end();
    await closed;
    expect(waiting.task.isStarted).toBe(false);
  });
});
