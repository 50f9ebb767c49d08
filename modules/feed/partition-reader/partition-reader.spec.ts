import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PartitionWorld, type WorldInstance } from '../../../test/support/partition-world.js';
import { PosthornError } from '../../kernel/index.js';
import type { HandleInOrder } from './handle-in-order.port.js';
import { partitionOf } from './partition-of.js';
import type { PartitionHealth } from './partition-reader.health.js';

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

/** A handler that waits at a gate until it is opened. */
function gate() {
  let isOpen = false;
  let waiting: (() => void)[] = [];
  const handle: HandleInOrder = () =>
    isOpen ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
  const open = (): void => {
    isOpen = true;
    for (const goOn of waiting) goOn();
    waiting = [];
  };
  return { handle, open };
}

function healthOf({ reader }: WorldInstance, stream: string): PartitionHealth {
  const health = reader.health.partitions[partitionOf(stream, world.partitions)];
  if (!health) throw new Error('no such partition');
  return health;
}

async function appendOrders(orders: number, events: number): Promise<void> {
  for (let order = 0; order < orders; order++) await world.append(`order-${order}`, events);
}

function expectInOrder(): void {
  for (const [stream, revisions] of world.streams()) {
    expect(world.firstHandlings(stream)).toEqual(revisions);
  }
}

describe('consumption in order', () => {
  it('handles what was there and what comes, each stream in its order, each event once', async () => {
    await appendOrders(20, 5);
    await world.start('one');
    await world.until(() => world.areAllHandled);
    await appendOrders(20, 5);
    await world.until(() => world.areAllHandled);

    expectInOrder();
    expect(world.begun).toHaveLength(200);
  });

  it('begins above the position that is given on first use, and at no other one ever after', async () => {
    const start = await world.append('order-1', 3);
    world.startsAfter = start;
    await world.start('one', { startAfter: () => Promise.resolve(start) });
    await world.append('order-1', 2);
    await world.until(() => world.begun.length === 2);
    await world.start('two', { startAfter: () => Promise.reject(new Error('not to be asked')) });
    await world.pass(LEASE_MS);

    expect(world.firstHandlings('order-1')).toEqual([3, 4]);
  });

  it('goes on where it was when it starts again', async () => {
    await appendOrders(10, 3);
    const first = await world.start('one');
    await world.until(() => world.areAllHandled);
    await world.completing(first.reader.close());

    await world.start('one again');
    await appendOrders(10, 1);
    await world.until(() => world.areAllHandled);

    expectInOrder();
    expect(world.begun).toHaveLength(40);
  });

  it('refuses another number of partitions than that with which it began', async () => {
    await world.start('one');
    const other = world.prepare('two', { limits: { partitions: 32 } });

    await expect(world.completing(other.reader.start())).rejects.toMatchObject({
      code: 'PSH_FEED_PARTITIONS_CHANGED',
    });
    expect(other.reader.health.state).toBe('refused');
    expect(other.reader.health.lastError).toContain('16 partitions, not 32');
  });

  it('names every option that is not usable', () => {
    const limits = { partitions: 0, leaseMs: 1.5 };
    let thrown: unknown;
    try {
      world.prepare('one', { limits });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(PosthornError);
    expect(thrown).toMatchObject({
      code: 'PSH_FEED_INVALID_OPTIONS',
      problems: [{ field: 'partitions' }, { field: 'leaseMs' }],
    });
  });

  it('passes over the events of Posthorn and of the event store', async () => {
    await world.start('one');
    await world.append('posthorn.delivery-1');
    await world.append('order-1');
    await world.until(() => world.begun.length > 0);
    await world.pass(LEASE_MS);

    expect(world.begun.map(({ stream }) => stream)).toEqual(['order-1']);
  });

  it('begins by itself when the event store could not be reached at first', async () => {
    const instance = world.prepare('one');
    const { readStream } = instance.machine.client;
    instance.machine.client.readStream = () => {
      instance.machine.client.readStream = readStream;
      throw Object.assign(new Error('no connection'), { code: 14 });
    };
    await world.append('order-1');
    await instance.reader.start();
    expect(instance.reader.health).toMatchObject({ state: 'connecting' });

    await world.until(() => world.areAllHandled);
    expect(instance.reader.health.state).toBe('running');
  });
});

describe('a handler that fails', () => {
  it('is called again for the same event until it succeeds; later ones of the stream wait, others go on', async () => {
    let failures = 3;
    const instance = await world.start('one', {
      handle: ({ streamId, revision }) => {
        const fails = streamId === 'order-1' && revision === 1n && failures-- > 0;
        return fails ? Promise.reject(new TypeError('payload')) : Promise.resolve();
      },
    });
    await world.append('order-1', 3);
    await world.append('order-2', 3);
    await world.until(() => world.firstHandlings('order-2').length === 3, 10);

    expect(world.firstHandlings('order-1')).toEqual([0, 1]);
    expect(healthOf(instance, 'order-1')).toMatchObject({
      failingStreams: 1,
      lastError: 'TypeError',
    });
    await world.until(() => world.areAllHandled);
    expectInOrder();
    expect(world.begun.filter(({ revision }) => revision === 1)).toHaveLength(5);
  });

  it('holds the checkpoint back, so that a crash loses nothing', async () => {
    const instance = await world.start('one', {
      handle: ({ streamId }) =>
        streamId === 'order-1' ? Promise.reject(new Error('no')) : Promise.resolve(),
    });
    await appendOrders(40, 2);
    await world.until(() => world.handledEvents === 78);
    await world.pass(5_000);
    instance.machine.crash();

    await world.start('two');
    await world.until(() => world.areAllHandled);
    expect(world.handledEvents).toBe(80);
    expectInOrder();
  });
});

describe('a handler that does not end', () => {
  it('lets a bounded number of events be held, and holds up no other partition', async () => {
    const { handle, open } = gate();
    const slow = partitionOf('order-1', 16);
    const limits = { maxHeldEvents: 20 };
    const instance = await world.start('one', {
      limits,
      handle: (event, context) =>
        context.partition === slow ? handle(event, context) : Promise.resolve(),
    });
    await world.append('order-1', 100);
    await world.append('order-2', 100);
    await world.until(() => world.firstHandlings('order-2').length === 100);

    expect(healthOf(instance, 'order-1')).toMatchObject({ state: 'behind', waiting: 20 });
    expect(healthOf(instance, 'order-2')).toMatchObject({ state: 'live', waiting: 0, lagMs: 0 });
    open();
    await world.until(() => world.areAllHandled && healthOf(instance, 'order-1').state === 'live');
    expectInOrder();
    expect(world.begun).toHaveLength(200);
  });

  it('is waited for when the reader closes, for a while', async () => {
    const { handle, open } = gate();
    const instance = await world.start('one', { handle });
    await world.append('order-1', 2);
    await world.until(() => world.begun.length === 1);
    const closing = instance.reader.close();
    await world.pass(2_000);
    expect(healthOf(instance, 'order-1').state).toBe('handing-over');

    open();
    await world.completing(closing);
    await world.start('two');
    await world.until(() => world.areAllHandled);

    expect(world.begun.map(({ revision, instance }) => `${instance} ${revision}`)).toEqual([
      'one 0',
      'two 1',
    ]);
  });

  it('is told to end when the reader closes for too long, and counts for nothing then', async () => {
    let isAborted = false;
    const { handle, open } = gate();
    const instance = await world.start('one', {
      handle: (event, context) => {
        context.signal.addEventListener('abort', () => (isAborted = true));
        return handle(event, context);
      },
    });
    await world.append('order-1');
    await world.until(() => world.begun.length === 1);

    await world.completing(instance.reader.close());
    expect(isAborted).toBe(true);
    expect(instance.reader.health.state).toBe('stopped');
    await world.start('two', {});
    await world.until(() => world.begun.length === 2);
    open();
  });
});

describe('the reading of the log', () => {
  /** The calls of an instance that is about to start. */
  function counted(instance: WorldInstance) {
    const { client } = instance.machine;
    const calls = { pages: 0, subscriptions: 0 };
    const { readAll, subscribeToAll } = client;
    client.readAll = (...call) => {
      calls.pages += 1;
      return readAll(...call);
    };
    client.subscribeToAll = (...call) => {
      calls.subscriptions += 1;
      return subscribeToAll(...call);
    };
    return calls;
  }

  it('is one for all partitions', async () => {
    await appendOrders(50, 10);
    const instance = world.prepare('one');
    const calls = counted(instance);
    await world.completing(instance.reader.start());
    await world.until(() => world.areAllHandled);
    await appendOrders(50, 1);
    await world.until(() => world.areAllHandled);

    expect(calls.subscriptions).toBe(1);
    // 500 events and a few of our own are in two pages; one more tells the end, and some partition may have come late.
    expect(calls.pages).toBeLessThanOrEqual(6);
  });

  it('goes on after the subscription broke', async () => {
    const instance = world.prepare('one');
    const { client } = instance.machine;
    const { subscribeToAll } = client;
    const subscriptions: ReturnType<typeof subscribeToAll>[] = [];
    client.subscribeToAll = (...call) => {
      const subscription = subscribeToAll(...call);
      subscriptions.push(subscription);
      return subscription;
    };
    await world.completing(instance.reader.start());
    for (let time = 0; time < 3; time++) {
      await appendOrders(5, 2);
      await world.until(() => world.areAllHandled);
      subscriptions.at(-1)?.destroy(new Error('the connection is gone'));
      await appendOrders(5, 2);
      await world.until(() => world.areAllHandled);
    }

    expectInOrder();
    expect(world.begun).toHaveLength(60);
    expect(instance.reader.health.lastError).toContain('the connection is gone');
  });

  it('begins again when the subscription falls silent, and not while it only has little to tell', async () => {
    const instance = world.prepare('one');
    const { client } = instance.machine;
    const { subscribeToAll } = client;
    const subscriptions: ReturnType<typeof subscribeToAll>[] = [];
    client.subscribeToAll = (...call) => {
      const subscription = subscribeToAll(...call);
      subscriptions.push(subscription);
      return subscription;
    };
    await world.completing(instance.reader.start());
    await world.pass(4 * LEASE_MS);
    expect(subscriptions).toHaveLength(1);

    subscriptions[0]?.pause();
    await world.append('order-1', 3);
    await world.pass(3 * LEASE_MS);

    expect(world.areAllHandled).toBe(true);
    expect(subscriptions).toHaveLength(2);
  });
});
