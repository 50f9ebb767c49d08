import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import Database from 'better-sqlite3';
import { filter, firstValueFrom, take, toArray } from 'rxjs';
import { DeliveryStories, type StoryStep } from '../../test/support/delivery-stories.js';
import { ReadModelWorld } from '../../test/support/read-model-world.js';
import { DeadLettersAdapter } from '../deliveries/dead-letters.adapter.js';
import type { ReadModels } from '../runtime/read-models.js';
import type { DueDelivery, OthersQuery } from '../../modules/delivery/due-deliveries.port.js';
import { DueDeliveriesAdapter } from './due-deliveries.adapter.js';

const LIVES: readonly (readonly StoryStep[])[] = [
  ['schedule'],
  ['fail'],
  ['succeed'],
  ['schedule', 'claim'],
  ['fail', 'claim', 'fail'],
  ['fail', 'claim'],
  ['schedule'],
  ['refuse', 'replay'],
  ['schedule', 'discard'],
  ['schedule', 'claim', 'take-over', 'stale-fail'],
];

const stories = new DeliveryStories();
let world: ReadModelWorld;
let readModels: ReadModels;
let due: DueDeliveriesAdapter;

beforeAll(async () => {
  Logger.overrideLogger(false);
  world = new ReadModelWorld();
  for (const [index, steps] of LIVES.entries()) {
    for (const step of steps) stories.step(index, step);
  }
  readModels = await world.readModels();
  due = new DueDeliveriesAdapter(readModels);
  await readModels.waitFor(await world.append(stories));
});

afterAll(async () => {
  await world.close();
});

function idOf(index: number): string {
  return `dlv_${String(index).padStart(6, '0')}`;
}

function stateOf(index: number) {
  const delivery = stories.deliveries.get(index);
  if (!delivery) throw new Error(`there is no delivery ${index}`);
  return delivery;
}

describe('the due index', () => {
  it('says for each webhook when its earliest delivery is due', async () => {
    const earliest = new Map<string, number>();
    for (const { origin, state } of stories.deliveries.values()) {
      if (state.dueAt === null) continue;
      const known = earliest.get(origin.webhookId) ?? Infinity;
      earliest.set(origin.webhookId, Math.min(known, state.dueAt));
    }
    const told = await due.earliest();
    expect(new Map(told.map(({ webhookId, dueAt }) => [webhookId, dueAt]))).toEqual(earliest);
    expect(new Set(told.map(({ owner }) => owner))).toEqual(new Set(['instance-1']));
  });

  it('gives what is or will be due of a webhook, earliest first', async () => {
    const page = await due.page({ webhookId: 'webhook-1', limit: 9 });
    expect(page.map(({ deliveryId }) => deliveryId)).toEqual([idOf(1), idOf(4), idOf(7)]);
    expect(page[1]).toEqual({
      deliveryId: idOf(4),
      webhookId: 'webhook-1',
      dueAt: stateOf(4).state.dueAt,
    });
  });

  it('leaves out what the caller is working on', async () => {
    const except = new Set([idOf(1), idOf(4)]);
    const rest = await due.page({ webhookId: 'webhook-1', limit: 1, except });
    expect(rest.map(({ deliveryId }) => deliveryId)).toEqual([idOf(7)]);
  });

  it('gives claims without an outcome, by id', async () => {
    const claims = await due.claimed({ limit: 9 });
    expect(claims.map(({ deliveryId }) => deliveryId)).toEqual([idOf(3), idOf(5), idOf(9)]);
    expect(claims[2]).toEqual({
      deliveryId: idOf(9),
      webhookId: 'webhook-0',
      claimId: stateOf(9).state.claim?.claimId,
      leaseMs: 30_000,
      owner: 'instance-1',
    });
    expect(await due.claimed({ limit: 1, afterId: idOf(3) })).toMatchObject([
      { deliveryId: idOf(5) },
    ]);
  });

  it('tells what became due, what was claimed and what was settled, with the position that it follows to', async () => {
    const more = new DeliveryStories();
    for (const step of ['schedule', 'claim', 'fail'] as const) more.step(100, step);
    const seen = firstValueFrom(
      due.changes.pipe(
        filter(({ due, claimed }) => due.length + claimed.length > 0),
        take(3),
        toArray(),
      ),
    );
    await readModels.waitFor(await world.append(more, 0, 1));
    await readModels.waitFor(await world.append(more, 1, 2));
    const end = await world.append(more, 2);
    const changes = await seen;
    const owner = 'instance-1';
    expect(changes).toMatchObject([
      { due: [{ webhookId: 'webhook-1', owner }], claimed: [], settled: [] },
      { due: [], claimed: [{ deliveryId: idOf(100), claimId: 'claim-0', owner }], settled: [] },
      { due: [{ webhookId: 'webhook-1', owner }], claimed: [], settled: [idOf(100)] },
    ]);
    expect(changes[2]?.position).toBe(end);
  });

  it('is read through indexes that hold open deliveries only', async () => {
    const asked = jest.spyOn(readModels, 'query');
    await due.earliest();
    await due.page({ webhookId: 'webhook-1', limit: 1 });
    await due.page({ webhookId: 'webhook-1', owner: 'instance-1', limit: 1 });
    await due.others({
      webhookId: 'webhook-1',
      owner: 'instance-2',
      ownedDueBefore: stories.now + 1e9,
      unownedDueBefore: stories.now + 1e9,
      limit: 9,
      fromId: '',
      toId: null,
      afterId: idOf(4),
      except: new Set(),
    });
    await due.claimed({ limit: 1, afterId: 'a' });
    const deadLetters = new DeadLettersAdapter(readModels);
    await deadLetters.page({ filter: {}, minPosition: -1n, limit: 1, afterId: 'a' });
    await deadLetters.page({
      filter: { webhookId: 'webhook-1' },
      minPosition: -1n,
      limit: 1,
      afterId: 'a',
    });
    const db = new Database(join(world.folder, 'read-model.sqlite'), { readonly: true });
    const plans = asked.mock.calls.map(([query]) => {
      const { sql, parameters } = query.compile();
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
      return (steps as { detail: string }[]).map(({ detail }) => detail).join('; ');
    });
    db.close();
    asked.mockRestore();
    expect(plans).toEqual([
      'SCAN deliveries USING COVERING INDEX deliveries_due_by_owner',
      'SEARCH deliveries USING INDEX deliveries_due (webhook_id=? AND due_at>?)',
      'SEARCH deliveries USING INDEX deliveries_due_by_owner (webhook_id=? AND owner=? AND due_at>?)',
      [
        'CO-ROUTINE owners; SETUP',
        'SEARCH deliveries USING COVERING INDEX deliveries_due_by_owner (webhook_id=?)',
        'RECURSIVE STEP; SCAN owners; CORRELATED SCALAR SUBQUERY 2',
        'SEARCH deliveries USING COVERING INDEX deliveries_due_by_owner (webhook_id=? AND owner>?)',
        'SCAN owners; CORRELATED SCALAR SUBQUERY 4',
        'SEARCH deliveries USING COVERING INDEX deliveries_due_by_owner (webhook_id=? AND owner=? AND due_at<?)',
        'CORRELATED SCALAR SUBQUERY 5',
        'SEARCH deliveries USING COVERING INDEX deliveries_due_by_owner (webhook_id=? AND owner=? AND due_at>?)',
      ].join('; '),
      'SEARCH deliveries USING COVERING INDEX deliveries_due_by_id (webhook_id=? AND id>?)',
      'SEARCH deliveries USING COVERING INDEX deliveries_due_by_id (webhook_id=? AND id>? AND id<?)',
      'SEARCH deliveries USING INDEX deliveries_claimed (id>?)',
      'SEARCH deliveries USING INDEX deliveries_dead_by_id (id>?)',
      'SEARCH deliveries USING INDEX deliveries_dead_by_webhook (webhook_id=? AND id>?)',
    ]);
  });
});

describe('the due index of one instance among several', () => {
  /** Deliveries of webhook-2, by index: who owns them; they become due a minute apart. */
  const OWNERS = { 302: 'instance-1', 305: 'instance-2', 308: 'instance-3', 311: 'instance-2' };
  const FOR_CODE = 314;
  const shared = new DeliveryStories();
  const dueAt = (index: number): number => shared.deliveries.get(index)?.state.dueAt ?? 0;
  const idsOf = (rows: readonly DueDelivery[]) => rows.map(({ deliveryId }) => deliveryId);

  const others = (query: Partial<OthersQuery> = {}) =>
    due.others({
      webhookId: 'webhook-2',
      owner: 'instance-1',
      ownedDueBefore: Number.MAX_SAFE_INTEGER,
      unownedDueBefore: Number.MAX_SAFE_INTEGER,
      limit: 9,
      fromId: '',
      toId: null,
      afterId: '',
      except: new Set(),
      ...query,
    });

  beforeAll(async () => {
    for (const [index, instance] of Object.entries(OWNERS)) {
      shared.instance = instance;
      shared.step(Number(index), 'schedule');
    }
    shared.step(FOR_CODE, 'schedule-for-code');
    await readModels.waitFor(await world.append(shared));
  });

  it('gives what one instance owns, whatever others have before it', async () => {
    const own = await due.page({ webhookId: 'webhook-2', owner: 'instance-2', limit: 9 });

    expect(idsOf(own)).toEqual([idOf(305), idOf(311)]);
  });

  it('gives what others own, and what nobody can own, by id', async () => {
    const page = await others({ owner: 'instance-2' });

    expect(idsOf(page.deliveries)).toEqual([302, 308, 314].map(idOf));
    expect(page).toMatchObject({ nextOwnedDueAt: null, nextUnownedDueAt: null });
  });

  it('begins anywhere, goes round once, and leaves out what the caller is working on', async () => {
    const round = { owner: 'instance-2', afterId: idOf(305), limit: 2 };

    expect(idsOf((await others(round)).deliveries)).toEqual([308, 314].map(idOf));
    const except = new Set([idOf(308)]);
    expect(idsOf((await others({ ...round, except })).deliveries)).toEqual([314, 302].map(idOf));
  });

  it('stays within a range of ids', async () => {
    const range = { owner: 'instance-2', fromId: idOf(303), toId: idOf(314) };

    expect(idsOf((await others(range)).deliveries)).toEqual([idOf(308)]);
    expect(idsOf((await others({ ...range, afterId: idOf(308) })).deliveries)).toEqual([idOf(308)]);
    expect(idsOf((await others({ ...range, afterId: idOf(400) })).deliveries)).toEqual([idOf(308)]);
    expect(await others({ ...range, toId: idOf(308) })).toMatchObject({
      deliveries: [],
      isAnyWanted: true,
    });
  });

  it('waits longer for what others own, and says when there is more of either', async () => {
    const page = await others({
      owner: 'instance-9',
      ownedDueBefore: dueAt(305),
      unownedDueBefore: dueAt(FOR_CODE) - 1,
    });

    expect(idsOf(page.deliveries)).toEqual([302, 305].map(idOf));
    expect(page).toMatchObject({
      nextOwnedDueAt: dueAt(308),
      nextUnownedDueAt: dueAt(FOR_CODE),
    });
  });

  it('says when others are due first although nothing may be taken yet', async () => {
    const page = await others({ ownedDueBefore: -1, unownedDueBefore: -1 });

    expect(page).toEqual({
      deliveries: [],
      isAnyWanted: false,
      nextOwnedDueAt: dueAt(305),
      nextUnownedDueAt: dueAt(FOR_CODE),
    });
  });
});
