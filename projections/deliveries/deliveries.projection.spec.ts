import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { batchOf, DeliveryStories, STORY_STEPS } from '../../test/support/delivery-stories.js';
import { dumpTables } from '../../test/support/table-dump.js';
import { PROJECTIONS } from '../catalog.js';
import { ReadModelWriter } from '../runtime/read-model-writer.js';
import type { DeliveryCountRow, DeliveryRow } from './deliveries.schema.js';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-projection-'));
let files = 0;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function newFile(): string {
  return join(folder, `${files++}.sqlite`);
}

/** Applies the batches, closing and opening the file again before those that `restartsBefore` names. */
function applyAll(
  stories: DeliveryStories,
  sizes: readonly number[],
  restartsBefore: readonly number[] = [],
): string {
  const path = newFile();
  let writer = new ReadModelWriter(path, PROJECTIONS);
  for (const [index, batch] of stories.batches(sizes).entries()) {
    if (restartsBefore.includes(index)) {
      writer.close();
      writer = new ReadModelWriter(path, PROJECTIONS);
    }
    expect(writer.apply(batch).kind).toBe('applied');
  }
  writer.close();
  return path;
}

function rowsOf(path: string): DeliveryRow[] {
  return dumpTables(path)['deliveries'] as DeliveryRow[];
}

function story(...steps: readonly (typeof STORY_STEPS)[number][]): DeliveryStories {
  const stories = new DeliveryStories();
  for (const step of steps) stories.step(1, step);
  return stories;
}

const anyStories = fc
  .array(fc.tuple(fc.nat(11), fc.constantFrom(...STORY_STEPS)), { minLength: 1, maxLength: 120 })
  .map((steps) => {
    const stories = new DeliveryStories();
    for (const [index, step] of steps) stories.step(index, step);
    return stories;
  });

describe('the deliveries projection', () => {
  it('shows a delivery that succeeded at once', () => {
    const [row] = rowsOf(applyAll(story('succeed'), [10]));
    expect(row).toMatchObject({
      id: 'dlv_000001',
      webhook_id: 'webhook-1',
      tenant_id: 'tenant-1',
      status: 'succeeded',
      attempt_count: 1,
      last_status_code: 200,
      last_error_class: null,
      due_at: null,
      claim_id: null,
    });
    expect(row?.completed_at).not.toBeNull();
  });

  it.each([
    [['schedule'], 'scheduled'],
    [['schedule', 'claim'], 'attempting'],
    [['schedule', 'claim', 'fail'], 'retrying'],
    [['fail'], 'retrying'],
    [['fail', 'claim'], 'attempting'],
    [['fail', 'claim', 'succeed'], 'succeeded'],
    [['fail', 'claim', 'fail', 'claim', 'fail'], 'dead-lettered'],
    [['refuse'], 'dead-lettered'],
    [['dead-letter'], 'dead-lettered'],
    [['schedule', 'discard'], 'discarded'],
    [['refuse', 'discard'], 'discarded'],
    [['refuse', 'replay'], 'scheduled'],
    [['refuse', 'replay', 'claim'], 'attempting'],
    [['refuse', 'replay', 'claim', 'succeed'], 'succeeded'],
    [['fail', 'replay'], 'retrying'],
    [['schedule', 'replay'], 'scheduled'],
    [['schedule', 'claim', 'replay'], 'attempting'],
    [['schedule', 'claim', 'take-over', 'stale-fail'], 'attempting'],
    [['schedule', 'claim', 'take-over', 'stale-succeed'], 'succeeded'],
    [['succeed', 'stale-fail'], 'succeeded'],
  ] as const)('after %j shows it as %s', (steps, status) => {
    expect(rowsOf(applyAll(story(...steps), [1]))).toMatchObject([{ status }]);
  });

  it('keeps the reason of a dead letter, and who replayed and discarded it', () => {
    const path = applyAll(story('dead-letter', 'replay', 'discard'), [2]);
    expect(dumpTables(path)['delivery_decisions']).toMatchObject([
      {
        kind: 'dead-lettered',
        run: 1,
        reason: 'poison_event',
        message: 'the payload is not JSON',
        decided_by: null,
      },
      { kind: 'replay-requested', run: 2, reason: 'fixed', decided_by: 'operator' },
      { kind: 'discarded', run: 2, reason: 'obsolete', decided_by: 'operator' },
    ]);
  });

  it('adds a late attempt to the history without letting it decide anything', () => {
    const path = applyAll(story('schedule', 'claim', 'take-over', 'stale-fail'), [3]);
    expect(rowsOf(path)).toMatchObject([
      { status: 'attempting', claim_id: 'claim-1', attempt_count: 1, run_attempt_count: 0 },
    ]);
    expect(dumpTables(path)['delivery_attempts']).toMatchObject([{ number: 1, is_late: 1 }]);
  });

  it('ignores event types that it does not know, and deliveries whose beginning is gone', () => {
    const stories = story('schedule', 'claim', 'fail');
    const [, claimed, failed] = stories.events;
    const path = newFile();
    const writer = new ReadModelWriter(path, PROJECTIONS);
    if (!claimed || !failed) throw new Error('the story is too short');
    writer.apply(batchOf([claimed]));
    const strange = { ...failed.event, type: 'DeliveryPondered' } as unknown as typeof failed.event;
    writer.apply(batchOf([{ ...failed, revision: 0, event: strange }]));
    writer.close();
    expect(rowsOf(path)).toEqual([]);
  });

  it('refuses a batch with an event that is not what its type promises, and keeps nothing of it', () => {
    const stories = story('schedule', 'claim');
    const path = newFile();
    const writer = new ReadModelWriter(path, PROJECTIONS);
    const batch = stories.batches([2])[0];
    if (!batch) throw new Error('the story is empty');
    const broken = { ...batch, data: batch.data.replace(/"dueAt":"[^"]+"/, '"dueAt":"soon"') };
    expect(() => writer.apply(broken)).toThrow(
      expect.objectContaining({
        code: 'PSH_PROJECTION_EVENT_REFUSED',
        message: expect.stringContaining('DeliveryScheduled at revision 0 of delivery dlv_000001'),
      }),
    );
    expect(writer.where.position).toBe(-1);
    expect(rowsOf(path)).toEqual([]);
    writer.apply(batch);
    expect(rowsOf(path)).toHaveLength(1);
    writer.close();
  });

  it('says after each batch what became due and which claims appeared', () => {
    const path = newFile();
    const writer = new ReadModelWriter(path, PROJECTIONS);
    const outputs = story('schedule', 'claim', 'fail')
      .batches([1])
      .map((batch) => {
        const applied = writer.apply(batch);
        return applied.kind === 'applied' ? applied.outputs['deliveries'] : undefined;
      });
    writer.close();
    expect(outputs).toMatchObject([
      { due: [{ webhookId: 'webhook-1' }], claimed: [] },
      { due: [], claimed: [{ deliveryId: 'dlv_000001', claimId: 'claim-0', leaseMs: 30_000 }] },
      { due: [{ webhookId: 'webhook-1' }], claimed: [] },
    ]);
  });
});

describe('for every valid log', () => {
  it('each row is the state that the aggregate has', () => {
    fc.assert(
      fc.property(
        anyStories,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (stories, sizes) => {
          const rows = new Map(rowsOf(applyAll(stories, sizes)).map((row) => [row.id, row]));
          const told = [...stories.deliveries.values()].filter(({ revision }) => revision >= 0);
          expect(rows.size).toBe(told.length);
          for (const { origin, state, revision } of told) {
            expect(rows.get(origin.deliveryId)).toMatchObject({
              status: state.status,
              run: state.run,
              attempt_count: state.attemptCount,
              run_attempt_count: state.runAttemptCount,
              due_at: state.dueAt,
              claim_id: state.claim?.claimId ?? null,
              needs: state.needs,
              stream_revision: revision,
            });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('the counts are those of the rows, and none is 0', () => {
    fc.assert(
      fc.property(anyStories, (stories) => {
        const path = applyAll(stories, [3]);
        const recount = new Map<string, number>();
        for (const row of rowsOf(path)) {
          const key = [row.webhook_id, row.tenant_id ?? '', row.status].join();
          recount.set(key, (recount.get(key) ?? 0) + 1);
        }
        const counts = dumpTables(path)['delivery_counts'] as DeliveryCountRow[];
        expect(
          new Map(
            counts.map((row) => [[row.webhook_id, row.tenant_id, row.status].join(), row.count]),
          ),
        ).toEqual(recount);
      }),
      { numRuns: 60 },
    );
  });

  it('the tables do not depend on how the log is cut into batches, nor on restarts', () => {
    fc.assert(
      fc.property(
        anyStories,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.array(fc.nat(20)),
        (stories, sizes, restarts) => {
          const whole = dumpTables(applyAll(stories, [1_000]));
          expect(dumpTables(applyAll(stories, sizes, restarts))).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });
});
