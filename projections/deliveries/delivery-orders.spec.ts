import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { DeliveryOrder } from '../../modules/delivery/delivery.events.js';
import {
  DeliveryStories,
  STORY_STEPS,
  type StoryDelivery,
  type StoryStep,
} from '../../test/support/delivery-stories.js';
import { dumpTables } from '../../test/support/table-dump.js';
import { PROJECTIONS } from '../catalog.js';
import { ReadModelWriter } from '../runtime/read-model-writer.js';
import type { DeliveryRow } from './deliveries.schema.js';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-orders-'));
let files = 0;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function rowsAfter(stories: DeliveryStories, sizes: readonly number[]): DeliveryRow[] {
  const path = join(folder, `${files++}.sqlite`);
  const writer = new ReadModelWriter(path, PROJECTIONS);
  for (const batch of stories.batches(sizes)) writer.apply(batch);
  writer.close();
  return dumpTables(path)['deliveries'] as DeliveryRow[];
}

/** Deliveries of one webhook and one stream, in its order: the stories repeat both every fifteen. */
const IN_STREAM = [0, 15, 30] as const;

type Happening = readonly [place: 0 | 1 | 2, step: StoryStep, instance?: string];

function told(order: DeliveryOrder | undefined, ...steps: readonly Happening[]): DeliveryStories {
  const stories = new DeliveryStories(() => order);
  for (const [place, step, instance = 'instance-1'] of steps) {
    stories.instance = instance;
    stories.step(IN_STREAM[place], step);
  }
  return stories;
}

/** Ids of the deliveries that may be attempted when they are due. */
function dueOf(stories: DeliveryStories, sizes = [1]): string[] {
  return rowsAfter(stories, sizes).flatMap(({ due_at, id }) => (due_at === null ? [] : [id]));
}

const [FIRST, SECOND] = IN_STREAM.map((index) => `dlv_${String(index).padStart(6, '0')}`);

describe('the due index of a stream whose order is kept', () => {
  it('holds the first one only, in whatever order they are recorded', () => {
    const stories = told('continue', [2, 'schedule'], [0, 'schedule'], [1, 'schedule']);
    for (const sizes of [[1], [3]]) expect(dueOf(stories, sizes)).toEqual([FIRST]);
    expect(dueOf(told('continue', [2, 'schedule'], [1, 'schedule']))).toEqual([SECOND]);
    expect(dueOf(told(undefined, [0, 'schedule'], [1, 'schedule']))).toEqual([FIRST, SECOND]);
  });

  it('holds none while the first one is attempted, and the first one while it is tried again', () => {
    const attempted = [
      [0, 'schedule'],
      [1, 'schedule'],
      [0, 'claim'],
    ] as const;
    expect(dueOf(told('continue', ...attempted))).toEqual([]);
    expect(dueOf(told('continue', ...attempted, [0, 'fail']))).toEqual([FIRST]);
  });

  it.each(['succeed', 'discard'] as const)('goes on when the first one ends: %s', (end) => {
    const stories = told('hold', [0, 'schedule'], [1, 'schedule'], [2, 'schedule'], [0, end]);
    expect(dueOf(stories)).toEqual([SECOND]);
  });

  it('goes on after a dead letter, or is held until that succeeds or is discarded', () => {
    const steps = [
      [0, 'schedule'],
      [1, 'schedule'],
      [0, 'dead-letter'],
    ] as const;
    expect(dueOf(told('continue', ...steps))).toEqual([SECOND]);
    expect(dueOf(told('hold', ...steps))).toEqual([]);
    expect(dueOf(told('hold', ...steps, [0, 'discard']))).toEqual([SECOND]);
    expect(dueOf(told('hold', ...steps, [0, 'replay']))).toEqual([FIRST]);
    expect(dueOf(told('hold', ...steps, [0, 'replay'], [0, 'refuse']))).toEqual([]);
    expect(dueOf(told('hold', ...steps, [0, 'replay'], [0, 'succeed']))).toEqual([SECOND]);
  });

  it('gives what waited to whoever ended the one before it, as due since then', () => {
    const stories = told(
      'continue',
      [1, 'schedule', 'gone'],
      [0, 'schedule', 'gone'],
      [0, 'claim', 'alive'],
      [0, 'succeed', 'alive'],
    );
    const [first, second] = rowsAfter(stories, [1]).sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(second).toMatchObject({ owner: 'alive', due_at: first?.completed_at });
    expect(second?.order_due_at).toBeLessThan(first?.completed_at ?? 0);
  });

  it('holds exactly the first of each stream, whatever happens, however the log is cut', () => {
    const orderOf = (index: number): DeliveryOrder | undefined =>
      ([undefined, 'continue', 'hold', 'continue'] as const)[index % 4];
    const index = fc.constantFrom(0, 15, 30, 1, 16, 31, 2, 17, 32, 47);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(index, fc.constantFrom(...STORY_STEPS)), { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        (steps, sizes) => {
          const stories = new DeliveryStories(orderOf);
          for (const [which, step] of steps) stories.step(which, step);
          const rows = new Map(rowsAfter(stories, sizes).map((row) => [row.id, row]));
          for (const delivery of stories.deliveries.values()) {
            const row = rows.get(delivery.origin.deliveryId);
            if (!row) continue;
            const isFirst = !behindOf(delivery, stories).some(holds);
            const { dueAt } = delivery.state;
            expect(row.due_at !== null).toBe(isFirst && dueAt !== null);
            expect(row.order_due_at).toBe(delivery.origin.order === undefined ? null : dueAt);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** What is before a delivery in its stream, where both keep the order. */
function behindOf({ origin }: StoryDelivery, stories: DeliveryStories): StoryDelivery[] {
  if (origin.order === undefined) return [];
  return [...stories.deliveries.values()].filter(
    ({ origin: other }) =>
      other.order !== undefined &&
      other.webhookId === origin.webhookId &&
      other.stream === origin.stream &&
      Number(other.revision) < Number(origin.revision),
  );
}

function holds({ origin, state }: StoryDelivery): boolean {
  const isOpen = ['scheduled', 'attempting', 'retrying'].includes(state.status);
  return isOpen || (state.status === 'dead-lettered' && origin.order === 'hold');
}
