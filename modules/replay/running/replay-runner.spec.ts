import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ReplayWorld } from '../../../test/support/replay-world.js';
import { PosthornError } from '../../kernel/index.js';
import { MOST_WAITING } from './room.js';

/** An event store, on a machine that may be busy. */
jest.setTimeout(30_000);

const LEASE_MS = 15_000;
const by = (now: number) => ({ by: 'ops', reason: null, now });

let world: ReplayWorld;

beforeEach(async () => {
  Logger.overrideLogger(false);
  world = await ReplayWorld.create();
});

afterEach(async () => {
  await world.close();
});

const statusOf = (replayId: string) => world.record(replayId)?.status;
const eventsTaken = (): string[] => world.taken.map(({ eventId }) => eventId);

describe('a replay', () => {
  it('is run by one instance at a time, and by another one when that dies', async () => {
    const events = await world.append(1_200);
    const first = world.start();
    const replayId = await world.replay(first, { perSecond: 100 });
    world.start();
    await world.until(() => world.taken.length >= 500);
    expect(world.taken.every(({ instance }) => instance === 0)).toBe(true);

    first.store.stopNow();
    const takenBefore = world.taken.length;
    const diedAt = world.clock.monotonic();
    await world.until(() => statusOf(replayId) === 'completed');

    expect(world.clock.monotonic() - diedAt).toBeLessThan(3 * LEASE_MS);
    expect(world.taken.slice(takenBefore).some(({ instance }) => instance === 1)).toBe(true);
    expect(eventsTaken().sort()).toEqual([...events].sort());
  });

  it('whose owner was deposed without noticing records nothing over its successor', async () => {
    await world.append(600);
    const first = world.start();
    const replayId = await world.replay(first, { perSecond: 40 });
    await world.until(() => world.taken.length >= 100);
    const { replay } = await first.journal.load(replayId);
    const counts = { ...(replay?.counts ?? ({} as never)), matched: 1 };

    // A successor has recorded more meanwhile.
    const from = replay?.cursor ?? null;
    const successor = { kind: 'advance', from, cursor: '9999', throughput: 0 } as const;
    await world.start().journal.record(replayId, { ...successor, counts, now: 0 });
    await world.pass(4_000);

    expect((await first.journal.load(replayId)).replay?.cursor).toBe('9999');
  });

  it('goes no faster than its rate, which may change on the way', async () => {
    await world.append(200);
    const instance = world.start();
    const startedAt = world.clock.monotonic();
    const replayId = await world.replay(instance, { perSecond: 20 });
    await world.until(() => world.taken.length >= 60);
    const slowMs = world.clock.monotonic() - startedAt;

    expect(slowMs).toBeGreaterThanOrEqual(((60 - 20) / 20) * 1_000);
    for (const { at } of world.taken) {
      const within = world.taken.filter((one) => one.at >= at && one.at < at + 1_000);
      expect(within.length).toBeLessThanOrEqual(2 * 20);
    }
    const decision = { kind: 'set-rate', perSecond: null, ...by(world.clock.now()) } as const;
    await instance.journal.record(replayId, decision);
    const changedAt = world.clock.monotonic();
    await world.until(() => statusOf(replayId) === 'completed');
    expect(world.clock.monotonic() - changedAt).toBeLessThan((140 / 20) * 1_000);
    expect(world.taken).toHaveLength(200);
  });

  it('leaves in the log what its webhook cannot take now', async () => {
    await world.append(1_500);
    const instance = world.start();
    world.waiting = MOST_WAITING;
    const replayId = await world.replay(instance);
    await world.pass(3_000);
    expect(world.taken).toEqual([]);

    world.waiting = MOST_WAITING - 300;
    await world.until(() => world.taken.length >= 300);
    world.waiting = MOST_WAITING;
    await world.pass(3_000);
    expect(world.taken.length).toBeLessThanOrEqual(600);

    world.waiting = 0;
    await world.until(() => statusOf(replayId) === 'completed');
    expect(world.taken).toHaveLength(1_500);
  });

  it('leaves alone what the feed may still be at', async () => {
    const [, , third] = await world.append(3);
    const observed = await world.endOfLog();
    await world.append(2);
    world.observed = -1n;
    const instance = world.start();
    const replayId = await world.replay(instance);
    await world.pass(1_000);
    expect(world.taken).toEqual([]);

    world.observed = observed;
    await world.until(() => eventsTaken().at(-1) === third);
    await world.pass(1_000);
    expect(world.taken).toHaveLength(3);

    world.observed = null;
    await world.until(() => statusOf(replayId) === 'completed');
    expect(world.taken).toHaveLength(5);
  });

  it('stops when somebody pauses it on another instance, and goes on there', async () => {
    await world.append(300);
    const first = world.start();
    const second = world.start();
    const replayId = await world.replay(first, { perSecond: 20 });
    await world.until(() => world.taken.length >= 40);

    await second.journal.record(replayId, { kind: 'pause', ...by(world.clock.now()) });
    await world.pass(1_000);
    const paused = world.taken.length;
    await world.pass(20_000);
    expect(world.taken).toHaveLength(paused);
    await second.journal.record(replayId, { kind: 'resume', ...by(world.clock.now()) });
    await world.until(() => statusOf(replayId) === 'completed');

    expect(new Set(eventsTaken()).size).toBe(300);
    expect(world.taken).toHaveLength(300);
  });

  it('waits out what passes by itself, without end', async () => {
    await world.append(10);
    const instance = world.start();
    let isDown = true;
    world.onDelivery = () =>
      isDown ? Promise.reject(new PosthornError('PSH_DELIVERY_CONTENDED')) : Promise.resolve();
    const replayId = await world.replay(instance, { mode: 'all' });
    await world.pass(60_000);
    expect(statusOf(replayId)).toBe('running');

    isDown = false;
    await world.until(() => statusOf(replayId) === 'completed');
  });

  it('that meets the same refusal again and again waits for a person', async () => {
    const events = await world.append(10);
    const instance = world.start();
    let isBroken = true;
    world.onDelivery = () =>
      isBroken ? Promise.reject(new TypeError('a defect')) : Promise.resolve();
    const replayId = await world.replay(instance);
    await world.until(() => statusOf(replayId) === 'failed');
    expect(world.record(replayId)?.failure).toMatchObject({
      code: 'TypeError',
      message: 'a defect',
    });

    isBroken = false;
    await world.pass(20_000);
    expect(statusOf(replayId)).toBe('failed');
    await instance.journal.record(replayId, { kind: 'resume', ...by(world.clock.now()) });
    await world.until(() => statusOf(replayId) === 'completed');
    expect(events.length).toBe(10);
  });

  it('rests while its webhook is disabled, and ends when it is gone', async () => {
    await world.append(10);
    const instance = world.start();
    world.change({ status: 'disabled' });
    const replayId = await world.replay(instance);
    await world.pass(1_000);
    expect(world.taken).toEqual([]);

    world.change({ status: 'active' });
    await world.until(() => statusOf(replayId) === 'completed');
    const left = await world.replay(instance, { perSecond: 1 });
    await instance.journal.record(left, { kind: 'pause', ...by(world.clock.now()) });
    world.change({ status: 'removed' });
    await world.until(() => statusOf(left) === 'cancelled');

    expect(world.record(left)?.haltedBy).toEqual({
      by: 'posthorn',
      reason: 'the webhook was removed',
    });
  });

  it('is left at once when the instance shuts down, and loses nothing of what it did', async () => {
    await world.append(400);
    const first = world.start();
    const replayId = await world.replay(first, { perSecond: 40 });
    await world.until(() => world.taken.length >= 80);

    const closed = first.runner.close();
    await world.pass(100);
    await closed;
    const record = world.record(replayId);
    expect(record).toMatchObject({ status: 'running', counts: { matched: world.taken.length } });
    const second = world.start();
    second.runner.takeUp(replayId);
    const takenOverAt = world.clock.monotonic();
    await world.until(() => world.taken.length > (record?.counts.matched ?? 0));

    expect(world.clock.monotonic() - takenOverAt).toBeLessThan(LEASE_MS);
  });
});
