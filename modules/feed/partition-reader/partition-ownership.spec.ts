import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PartitionWorld } from '../../../test/support/partition-world.js';
import { partitionOf } from './partition-of.js';

const { LEASE_MS } = PartitionWorld;

// Each of many small steps waits for the disk.
jest.setTimeout(60_000);

let world: PartitionWorld;

beforeEach(async () => {
  Logger.overrideLogger(false);
  world = await PartitionWorld.open();
});
afterEach(async () => {
  await world.close();
});

async function appendOrders(orders: number, events: number): Promise<void> {
  for (let order = 0; order < orders; order++) await world.append(`order-${order}`, events);
}

/** What was handled, by stream, in order; repetitions included. */
function handlings(): Map<string, number[]> {
  const handled = new Map<string, number[]>();
  for (const { stream, revision } of world.begun) {
    handled.set(stream, [...(handled.get(stream) ?? []), revision]);
  }
  return handled;
}

describe('partitions and instances', () => {
  it('are all owned by an instance that is alone', async () => {
    await world.start('one');
    expect(world.owned()).toEqual({ one: 16 });
  });

  it('are shared out again when instances join and leave, and every event is handled once', async () => {
    const instances = [await world.start('instance-0')];
    for (const count of [2, 3, 5]) {
      while (instances.length < count)
        instances.push(await world.start(`instance-${instances.length}`));
      await appendOrders(30, 2);
      await world.until(() => world.isBalanced && world.areAllHandled);
    }
    for (const count of [3, 1]) {
      await appendOrders(30, 2);
      for (const gone of instances.splice(count)) await world.completing(gone.reader.close());
      await appendOrders(30, 2);
      await world.until(() => world.isBalanced && world.areAllHandled);
    }

    expect(handlings()).toEqual(world.streams());
  });

  it('are shared out when several instances start at the same time', async () => {
    const prepared = ['one', 'two', 'three'].map((name) => world.prepare(name));
    await world.completing(Promise.all(prepared.map(({ reader }) => reader.start())));
    await appendOrders(30, 2);
    await world.until(() => world.isBalanced && world.areAllHandled);

    expect(handlings()).toEqual(world.streams());
  });

  it('stay where they are when nothing changes', async () => {
    for (const name of ['one', 'two', 'three']) await world.start(name);
    await world.until(() => world.isBalanced);
    await world.pass(2 * LEASE_MS);
    const taken = (): number =>
      [...world.leases.values()].flat().filter(({ type }) => type === 'LeaseTaken').length;
    const before = taken();

    await world.pass(6 * LEASE_MS, 1_000);

    expect(taken()).toBe(before);
    expect(world.isBalanced).toBe(true);
  });

  it('leave some without any when there are more instances than partitions; those step in', async () => {
    await world.close();
    world = await PartitionWorld.open({ limits: { partitions: 2 } });
    for (const name of ['one', 'two', 'three']) await world.start(name);
    await world.until(() => world.isBalanced);
    await world.pass(3 * LEASE_MS, 1_000);
    expect(Object.values(world.owned()).sort()).toEqual([0, 1, 1]);

    const [name] = Object.entries(world.owned()).find(([, count]) => count === 1) ?? [];
    const gone = world.running.find((instance) => instance.name === name);
    await world.completing(gone?.reader.close() ?? Promise.resolve());
    await world.until(() => world.isBalanced);

    expect(Object.values(world.owned())).toEqual([1, 1]);
  });

  it('are taken over when an instance is gone for the time of a lease, not before', async () => {
    const one = await world.start('one');
    await world.until(() => world.isBalanced);
    await world.start('two');
    await world.until(() => world.isBalanced);
    await appendOrders(30, 2);
    await world.until(() => world.areAllHandled);
    one.machine.crash();

    await world.pass(0.4 * LEASE_MS); // it was renewed up to a third of it before
    expect(world.owned()).toEqual({ two: 8 });
    await world.until(() => world.isBalanced);

    expect(world.owned()).toEqual({ two: 16 });
    await appendOrders(30, 2);
    await world.until(() => world.areAllHandled);
  });

  it('are taken over at once on a store that no other process can append to', async () => {
    const one = await world.start('one', { isExclusive: true });
    await world.append('order-1', 2);
    await world.until(() => world.areAllHandled);
    one.machine.crash();

    await world.start('two', { isExclusive: true });
    expect(world.owned()).toEqual({ two: 16 });
  });

  it('are not renewed on such a store: what is idle appends nothing', async () => {
    await world.start('one', { isExclusive: true });
    await world.append('order-1');
    await world.until(() => world.areAllHandled);
    await world.pass(5_000);
    const recorded = [...world.leases.values()].flat().length;

    await world.pass(10 * LEASE_MS, 5_000);

    expect([...world.leases.values()].flat()).toHaveLength(recorded);
  });
});

describe('an instance that was suspended for longer than its lease', () => {
  it('handles and records nothing more of what others took over', async () => {
    const one = await world.start('one', {
      handle: (_event, { signal }) =>
        // It is in the middle of its first event when it is suspended.
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        }),
    });
    await appendOrders(4, 5);
    await world.until(() => world.begun.length === 4);
    one.machine.suspend();
    await world.start('two');
    await world.until(() => world.owned()['two'] === 16 && world.areAllHandled);

    one.machine.resume();
    await world.pass(2 * LEASE_MS);

    expect(world.begun.filter(({ instance }) => instance === 'one')).toHaveLength(4);
    expect(world.isBalanced).toBe(true);
  });

  it('does not record the checkpoint that it was about to record', async () => {
    const one = await world.start('one');
    await world.append('order-1', 5);
    await world.until(() => world.areAllHandled, 50);
    world.clock.advance(2_000); // its checkpoint is due
    one.machine.suspend();
    await world.start('two');
    await world.until(() => world.owned()['two'] === 16);
    await world.append('order-1', 5);
    await world.until(() => world.areAllHandled);
    await world.pass(5_000);

    one.machine.resume();
    await world.pass(5_000);

    const stream = world.names.partition(partitionOf('order-1', 16));
    const owners = world.leases.get(stream)?.map(({ data }) => data.owner) ?? [];
    expect(owners.lastIndexOf('one')).toBeLessThan(owners.indexOf('two'));
  });
});
