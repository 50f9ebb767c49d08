import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import Database from 'better-sqlite3';
import { filter, firstValueFrom, take, toArray } from 'rxjs';
import { DeliveryStories, type StoryStep } from '../../test/support/delivery-stories.js';
import { ReadModelWorld } from '../../test/support/read-model-world.js';
import { DeadLettersAdapter } from '../deliveries/dead-letters.adapter.js';
import type { ReadModels } from '../runtime/read-models.js';
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
  });

  it('gives what is due of a webhook, earliest first, with what a claim needs', async () => {
    const page = await due.page({ webhookId: 'webhook-1', dueBefore: stories.now + 1e9, limit: 9 });
    expect(page.map(({ deliveryId }) => deliveryId)).toEqual([idOf(1), idOf(4), idOf(7)]);
    expect(page[1]).toEqual({
      deliveryId: idOf(4),
      webhookId: 'webhook-1',
      dueAt: stateOf(4).state.dueAt,
      run: 1,
      attemptCount: 2,
      runAttemptCount: 2,
      streamRevision: BigInt(stateOf(4).revision),
      owner: 'instance-1',
      needs: null,
    });
    expect(page[2]).toMatchObject({ run: 2, attemptCount: 1, runAttemptCount: 0 });
  });

  it('leaves out what is due later, and what the caller is working on', async () => {
    const dueBefore = stateOf(1).state.dueAt ?? 0;
    const webhookId = 'webhook-1';
    expect(await due.page({ webhookId, dueBefore, limit: 9 })).toHaveLength(1);
    expect(await due.page({ webhookId, dueBefore: dueBefore - 1, limit: 9 })).toEqual([]);
    const except = new Set([idOf(1), idOf(4)]);
    const rest = await due.page({ webhookId, dueBefore: Infinity, limit: 1, except });
    expect(rest.map(({ deliveryId }) => deliveryId)).toEqual([idOf(7)]);
  });

  it('gives claims without an outcome, by id', async () => {
    const claims = await due.claimed({ limit: 9 });
    expect(claims.map(({ deliveryId }) => deliveryId)).toEqual([idOf(3), idOf(5), idOf(9)]);
    expect(claims[2]).toMatchObject({
      claimId: stateOf(9).state.claim?.claimId,
      leaseMs: 30_000,
      owner: 'instance-1',
      attemptCount: 1,
      streamRevision: BigInt(stateOf(9).revision),
    });
    expect(await due.claimed({ limit: 1, afterId: idOf(3) })).toMatchObject([
      { deliveryId: idOf(5) },
    ]);
  });

  it('tells what became due and what was claimed, with the position that it now follows to', async () => {
    const more = new DeliveryStories();
    for (const step of ['schedule', 'claim'] as const) more.step(100, step);
    const seen = firstValueFrom(
      due.changes.pipe(
        filter((change) => change.due.length + change.claimed.length > 0),
        take(2),
        toArray(),
      ),
    );
    await readModels.waitFor(await world.append(more, 0, 1));
    const end = await world.append(more, 1);
    const changes = await seen;
    expect(changes).toMatchObject([
      { due: [{ webhookId: 'webhook-1' }], claimed: [] },
      { due: [], claimed: [{ deliveryId: idOf(100), streamRevision: 1n }] },
    ]);
    expect(changes[1]?.position).toBe(end);
  });

  it('is read through indexes that hold open deliveries only', async () => {
    const asked = jest.spyOn(readModels, 'query');
    await due.earliest();
    await due.page({ webhookId: 'webhook-1', dueBefore: 1, limit: 1 });
    await due.claimed({ limit: 1, afterId: 'a' });
    const deadLetters = new DeadLettersAdapter(readModels);
    await deadLetters.page({ filter: {}, limit: 1, afterId: 'a' });
    await deadLetters.page({ filter: { webhookId: 'webhook-1' }, limit: 1, afterId: 'a' });
    const db = new Database(join(world.folder, 'read-model.sqlite'), { readonly: true });
    const plans = asked.mock.calls.map(([query]) => {
      const { sql, parameters } = query.compile();
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
      return (steps as { detail: string }[]).map(({ detail }) => detail).join('; ');
    });
    db.close();
    asked.mockRestore();
    expect(plans).toEqual([
      'SCAN deliveries USING COVERING INDEX deliveries_due',
      'SEARCH deliveries USING INDEX deliveries_due (webhook_id=? AND due_at<?)',
      'SEARCH deliveries USING INDEX deliveries_claimed (id>?)',
      'SEARCH deliveries USING INDEX deliveries_dead_by_id (id>?)',
      'SEARCH deliveries USING INDEX deliveries_dead_by_webhook (webhook_id=? AND id>?)',
    ]);
  });
});
