import { jest } from '@jest/globals';
import { jsonEvent } from '@eventstore/db-client';
import { ManualClock } from '../../modules/kernel/index.js';
import { Reconciler } from '../../modules/reconciler/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import { FaultyStore } from '../support/faulty-store.js';
import { SeededRandom } from '../support/seeded-random.js';

/** The whole application, on a machine that may be busy. */
jest.setTimeout(120_000);

const MINUTE_MS = 60_000;

describe('an installation on which nothing happens', () => {
  let world: DeliveryWorld;
  let clock: ManualClock;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    clock = new ManualClock(Date.now());
  });
  afterEach(async () => {
    await world.end();
  });

  /** Lets time pass, in steps in which what was asked of the event store is answered. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      const probe = jsonEvent({ type: 'Probe', data: {} });
      await world.store.client.appendToStream(`${world.names.prefix}probe`, probe);
      await new Promise(setImmediate);
      clock.advance(1_000);
    }
  }

  /** How many events of each type the log holds, those of the application and of this test left out. */
  async function census(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for await (const { event } of world.store.client.readAll()) {
      if (!event?.streamId.startsWith(world.names.prefix) || event.type === 'Probe') continue;
      const key = `${event.streamId.slice(world.names.prefix.length)}: ${event.type}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  async function groupCheckpoints(): Promise<number> {
    const stream = `$persistentsubscription-$all::${world.names.groupName}-checkpoint`;
    const newest = { direction: 'backwards', fromRevision: 'end', maxCount: 1 } as const;
    try {
      for await (const { event } of world.store.client.readStream(stream, newest)) {
        return Number(event?.revision ?? -1n) + 1;
      }
    } catch {
      return 0;
    }
    return 0;
  }

  async function settled(...lives: readonly [Life, ...Life[]]): Promise<void> {
    await world.register(lives[0], 'a');
    for (let number = 0; number < 20; number++) await world.append({ number });
    await world.untilRecorded(20, 'DeliverySucceeded');
    const isAudited = (): boolean =>
      lives.some(({ app }) => (app.get(Reconciler).health.auditedPosition ?? -1n) > 20n);
    while (!isAudited()) await pass(1_000);
    await pass(2 * MINUTE_MS);
  }

  async function recordedIn(ms: number): Promise<Record<string, number>> {
    const before = await census();
    await pass(ms);
    const after = await census();
    return Object.fromEntries(
      [...after]
        .map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const)
        .filter(([, count]) => count > 0),
    );
  }

  it('records nothing at all where no other process can append', async () => {
    const { isExclusive } = world.store.capabilities;
    await settled(await world.start({ clock }));

    const recorded = Object.keys(await recordedIn(5 * MINUTE_MS));

    expect(recorded.filter((key) => isExclusive || !key.endsWith(': LeaseRenewed'))).toEqual([]);
  });

  it('records the renewal of its leases, and nothing else, with two instances and no filter', async () => {
    world.store = new FaultyStore({
      store: world.store,
      groupName: world.names.groupName,
      random: new SeededRandom(1),
      capabilities: { hasSafeServerSideFilter: false, isExclusive: false },
    });
    await settled(await world.start({ clock }), await world.start({ clock }));
    const before = await groupCheckpoints();

    const recorded = await recordedIn(5 * MINUTE_MS);

    expect(Object.keys(recorded).filter((key) => !key.endsWith(': LeaseRenewed'))).toEqual([]);
    expect(recorded['reconciler: LeaseRenewed']).toBeLessThanOrEqual(16);
    // One for every ten messages, which are these renewals and the events of this test.
    expect((await groupCheckpoints()) - before).toBeLessThan(40);
  });
});
