import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { PartitionWorld, type WorldOptions } from '../../../test/support/partition-world.js';
import type { HandleInOrder } from './handle-in-order.port.js';

type Step =
  | { readonly kind: 'append'; readonly stream: number; readonly count: number }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'start' | 'leave' | 'crash' | 'suspend' | 'resume'; readonly which: number };

const append = fc.record({
  kind: fc.constant('append' as const),
  stream: fc.integer({ min: 0, max: 9 }),
  count: fc.integer({ min: 1, max: 12 }),
});
const pass = fc.record({
  kind: fc.constant('pass' as const),
  seconds: fc.integer({ min: 1, max: 20 }),
});
const joinOrLeave = fc.record({ kind: fc.constantFrom('start', 'leave'), which: fc.nat() });
const trouble = fc.record({ kind: fc.constantFrom('crash', 'suspend', 'resume'), which: fc.nat() });

/** What a handler does with one event after the other: how long it takes, and whether it fails. */
const conduct = fc.array(
  fc.record({ takesMs: fc.integer({ min: 0, max: 3_000 }), fails: fc.boolean() }),
  { minLength: 1, maxLength: 20 },
);
type Conduct = readonly { readonly takesMs: number; readonly fails: boolean }[];

/** A world in which handlers behave like `conduct`, with few partitions and little room. */
async function worldOf(conduct: Conduct): Promise<PartitionWorld> {
  let calls = 0;
  const handle: HandleInOrder = async () => {
    const call = calls++;
    const { takesMs, fails } = conduct[call % conduct.length] ?? { takesMs: 0, fails: false };
    await new Promise<void>((resolve) => world.clock.setTimer(resolve, takesMs));
    if (fails && call % 3 === 0) throw new Error('no');
  };
  const options: WorldOptions = {
    handle,
    limits: {
      partitions: 4,
      streamsAtOnce: 2,
      maxHeldEvents: 8,
      checkpointEvents: 3,
      handOverMs: 60_000, // more than all that is held can take
    },
  };
  const world: PartitionWorld = await PartitionWorld.open(options);
  return world;
}

async function take(world: PartitionWorld, step: Step, number: number): Promise<void> {
  if (step.kind === 'append') await world.append(`order-${step.stream}`, step.count);
  else if (step.kind === 'pass') await world.pass(step.seconds * 1_000, 1_000);
  else if (step.kind === 'start') {
    if (world.running.length < 4) await world.start(`instance-${number}`);
  } else await befall(world, step);
}

async function befall(
  world: PartitionWorld,
  { kind, which }: Extract<Step, { readonly which: number }>,
): Promise<void> {
  const { running, suspended } = world;
  if (kind === 'resume') suspended[which % Math.max(suspended.length, 1)]?.machine.resume();
  const instance = running[which % Math.max(running.length, 1)];
  if (!instance) return;
  if (kind === 'leave') await world.completing(instance.reader.close());
  else world.clock.advance(2_000); // it is in the middle of recording its checkpoints
  if (kind === 'crash') instance.machine.crash();
  if (kind === 'suspend') instance.machine.suspend();
}

/** Takes the steps, then lets those that are left finish. @returns what was handled, by stream, in order */
async function live(
  steps: readonly Step[],
  conduct: Conduct,
): Promise<{
  readonly appended: Map<string, number[]>;
  readonly first: Map<string, number[]>;
  readonly handlings: number;
}> {
  const world = await worldOf(conduct);
  try {
    for (const [number, step] of steps.entries()) await take(world, step, number);
    for (const { machine } of world.suspended) machine.resume();
    await world.start('the last');
    await world.until(() => world.areAllHandled, 500);
    const appended = world.streams();
    const first = new Map([...appended.keys()].map((name) => [name, world.firstHandlings(name)]));
    return { appended, first, handlings: world.begun.length };
  } finally {
    await world.close();
  }
}

describe('consumption in order, whatever happens', () => {
  beforeEach(() => {
    Logger.overrideLogger(false);
  });

  it('handles every event at least once, each stream in its order and without a gap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(append, pass, joinOrLeave, trouble), { minLength: 5, maxLength: 25 }),
        conduct,
        async (steps, conduct) => {
          const { appended, first } = await live(steps, conduct);
          expect(first).toEqual(appended);
        },
      ),
      { numRuns: 15, endOnFailure: true },
    );
  }, 240_000);

  it('handles every event exactly once while nobody crashes and no handler fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(append, pass, joinOrLeave), { minLength: 5, maxLength: 20 }),
        conduct,
        async (steps, conduct) => {
          const willing = conduct.map(({ takesMs }) => ({ takesMs, fails: false }));
          const { appended, first, handlings } = await live(steps, willing);
          expect(first).toEqual(appended);
          expect(handlings).toBe([...appended.values()].flat().length);
        },
      ),
      { numRuns: 15, endOnFailure: true },
    );
  }, 240_000);
});
