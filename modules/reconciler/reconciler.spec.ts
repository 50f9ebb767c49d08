import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ReconcilerWorld } from '../../test/support/reconciler-world.js';
import type { Reconciler } from './reconciler.js';
import { RECONCILER_DEFAULTS } from './reconciler.options.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

const MINUTE_MS = 60_000;

describe('the reconciler', () => {
  let world: ReconcilerWorld;
  let reconciler: Reconciler;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    world = await ReconcilerWorld.open();
    await world.register();
    reconciler = world.reconciler();
  });
  afterEach(async () => {
    await world.close();
  });

  const auditedUpTo = (position: bigint, by = reconciler): Promise<void> =>
    world.until(() => (by.health.auditedPosition ?? -1n) >= position);

  it('records the deliveries that are missing, and leaves alone those that are there', async () => {
    await world.appendMany(4);
    await world.deliver(1);
    await world.deliver(3);
    reconciler.start();

    await auditedUpTo(await world.observeAll());

    expect(await world.reconciled()).toEqual([2, 4]);
    expect(reconciler.health).toMatchObject({ state: 'auditing', reconciled: 2, error: null });
  });

  it('leaves alone what the consumer group has not answered', async () => {
    const answered = await world.append();
    await world.append();
    world.observed = answered;
    reconciler.start();

    await auditedUpTo(answered);
    await world.pass(MINUTE_MS);

    expect(await world.reconciled()).toEqual([1]);
    expect(reconciler.health.auditedPosition).toBe(answered);
  });

  it('leaves an event alone for a round after it was answered: whoever did is done by then', async () => {
    reconciler.start();
    await auditedUpTo(await world.observeAll());
    await world.append();
    await world.observeAll();
    const answeredAt = world.clock.monotonic();

    await world.until(async () => (await world.reconciled()).length > 0);

    const restedMs = world.clock.monotonic() - answeredAt;
    expect(restedMs).toBeGreaterThanOrEqual(RECONCILER_DEFAULTS.roundMs);
  });

  it('asks a read model that has come as far as everything that was recorded of the events', async () => {
    await world.appendMany(2);
    await world.observeAll();
    await world.deliver(1); // before it is answered, but behind its position
    reconciler.start();

    await auditedUpTo(world.observed);

    const [query] = world.queries;
    expect(query?.recordedUpTo).toBeGreaterThan(world.observed);
    expect(query?.recordedAbove).toBeLessThan(world.observed);
  });

  it('meets what a read model has forgotten: nothing is recorded twice', async () => {
    await world.appendMany(3);
    await world.deliver(2);
    world.isReadModelEmpty = true;
    reconciler.start();

    await auditedUpTo(await world.observeAll());

    expect(await world.reconciled()).toEqual([1, 3]);
  });

  it('leaves alone what was purged', async () => {
    await world.append();
    await world.deliver(1);
    world.isReadModelEmpty = true;
    for await (const { event } of world.client.readAll()) {
      if (event && world.names.deliveryIdOf(event.streamId) !== undefined) {
        await world.client.tombstoneStream(event.streamId);
        break;
      }
    }
    reconciler.start();

    await auditedUpTo(await world.observeAll());

    expect(await world.reconciled()).toEqual([]);
    expect(reconciler.health.unresolved).toBe(0);
  });

  it('goes through a log of many pages', async () => {
    await world.appendMany(1_203);
    reconciler.start();

    await auditedUpTo(await world.observeAll());

    expect(await world.reconciled()).toHaveLength(1_203);
  });

  describe('begins', () => {
    it('at the first registration of a webhook, and records that', async () => {
      await world.append();
      reconciler.start();
      await auditedUpTo(await world.observeAll());

      expect(await reconciler.audited()).toMatchObject({ v: 1, from: '1', unresolved: [] });
    });

    it('at the end of the log where there is no webhook yet', async () => {
      const other = await ReconcilerWorld.open();
      const end = await other.appendMany(3);
      const late = other.reconciler();
      late.start();
      await other.observeAll();
      await other.until(() => late.health.auditedPosition !== null);
      await other.register();
      await other.append();
      const last = await other.observeAll();

      await other.until(() => (late.health.auditedPosition ?? -1n) >= last);

      expect(BigInt((await late.audited())?.from ?? -1)).toBeGreaterThanOrEqual(end);
      expect(await other.reconciled()).toEqual([4]);
      await other.close();
    });

    it('in a log of an earlier version, at the last bookmark of that', async () => {
      await world.append();
      const bookmark = await world.append();
      const data = { v: 1, position: bookmark.toString(), at: '2026-01-01T00:00:00.000Z' };
      await world.appendOwn(world.names.feed, 'FeedBookmarked', data);
      await world.append();
      reconciler.start();

      await auditedUpTo(await world.observeAll());

      expect(await world.reconciled()).toEqual([2, 3]);
      expect((await reconciler.audited())?.from).toBe(bookmark.toString());
    });
  });

  it('goes on where it was after a restart', async () => {
    await world.append();
    reconciler.start();
    const before = await world.observeAll();
    await auditedUpTo(before);
    await reconciler.close();
    await world.append();
    const next = world.reconciler();
    next.start();

    await auditedUpTo(await world.observeAll(), next);

    const asked = world.queries.map(({ recordedAbove }) => recordedAbove);
    expect(asked.filter((above) => above <= before)).toHaveLength(1);
    expect(await world.reconciled()).toEqual([1, 2]);
  });

  it('lets one instance audit at a time, and another when that one leaves', async () => {
    const other = world.reconciler();
    reconciler.start();
    await world.pass(1_000);
    other.start();
    await world.append();
    await auditedUpTo(await world.observeAll());
    await world.pass(MINUTE_MS);
    expect(other.health.state).toBe('waiting');
    expect(await other.audited()).toEqual(await reconciler.audited());

    await reconciler.close();
    await world.append();
    await auditedUpTo(await world.observeAll(), other);

    expect(other.health.state).toBe('auditing');
    expect(await world.reconciled()).toEqual([1, 2]);
  });

  it('says why it does not get on, and goes on as soon as it can', async () => {
    await world.append();
    world.readModelError = new Error('the read model is lagging');
    reconciler.start();
    await world.observeAll();
    await world.until(() => reconciler.health.state === 'failing');
    expect(reconciler.health.error).toBe('the read model is lagging');
    expect(reconciler.health.auditedPosition).toBeLessThan(world.observed);

    world.readModelError = null;
    await auditedUpTo(world.observed);
    await world.until(() => reconciler.health.state === 'auditing');

    expect(reconciler.health).toMatchObject({ auditedPosition: world.observed, error: null });
    expect(await world.reconciled()).toEqual([1]);
  });

  it('records nothing while nothing happens, whatever Posthorn itself records', async () => {
    const alone = world.reconciler();
    alone.start();
    await world.append();
    await auditedUpTo(await world.observeAll(), alone);
    await world.pass(10_000);
    const before = await newestCheckpoints();

    for (let minute = 0; minute < 5; minute++) {
      await world.appendOwn('posthorn.something', 'SomethingOfOurs');
      await world.observeAll();
      await world.pass(MINUTE_MS);
    }

    expect(await newestCheckpoints()).toBe(before);
    await auditedUpTo(world.observed, alone);
  });

  /** How many checkpoints were ever recorded; renewals of the lease are none. */
  async function newestCheckpoints(): Promise<number> {
    let count = 0;
    for await (const { event } of world.client.readAll()) {
      if (event?.type === 'CheckpointAdvanced') count += 1;
    }
    return count;
  }

  describe('meets an event whose tenant cannot be told', () => {
    it('and goes on: it is listed as unresolved', async () => {
      await world.appendMany(3);
      world.unclear.add(2);
      reconciler.start();

      await auditedUpTo(await world.observeAll());

      expect(await world.reconciled()).toEqual([1, 3]);
      expect(reconciler.health.unresolved).toBe(1);
      const audited = await reconciler.audited();
      expect(audited?.unresolved).toMatchObject([
        { count: 1, code: 'Error', first: { stream: 'order-2', eventType: 'placed' } },
      ]);
    });

    it('and tries it again, ever more rarely, until it can be told', async () => {
      await world.append();
      world.unclear.add(1);
      reconciler.start();
      await auditedUpTo(await world.observeAll());
      await world.pass(5 * MINUTE_MS);
      expect(reconciler.health.unresolved).toBe(1);

      world.unclear.clear();
      await world.until(() => reconciler.health.unresolved === 0);

      expect(await world.reconciled()).toEqual([1]);
      expect((await reconciler.audited())?.unresolved).toEqual([]);
    });

    it('and tries it again at once when another life begins, which may know better', async () => {
      await world.append();
      world.unclear.add(1);
      reconciler.start();
      await auditedUpTo(await world.observeAll());
      await world.pass(5_000);
      await reconciler.close();
      world.unclear.clear();
      const next = world.reconciler();
      const begunAt = world.clock.monotonic();
      next.start();

      await world.until(async () => (await world.reconciled()).length > 0);
      await world.until(() => next.health.unresolved === 0);

      expect(world.clock.monotonic() - begunAt).toBeLessThan(MINUTE_MS);
    });

    it('a thousand times, and forgets none of them', async () => {
      const count = 1_000;
      await world.appendMany(count);
      for (let n = 2; n <= count; n += 2) world.unclear.add(n);
      reconciler.start();
      await auditedUpTo(await world.observeAll());
      expect(reconciler.health.unresolved).toBe(count / 2);
      expect((await reconciler.audited())?.unresolved).toHaveLength(100);

      world.unclear.clear();
      await world.until(() => reconciler.health.unresolved === 0);

      expect(await world.reconciled()).toHaveLength(count);
    });
  });
});
