import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import Database from 'better-sqlite3';
import { firstValueFrom } from 'rxjs';
import type { ReplayLifeEvent, ReplayScope } from '../../modules/replay/replay.events.js';
import { NO_COUNTS } from '../../modules/replay/replay-record.events.js';
import { DeliveryStories, type StoryStep } from '../../test/support/delivery-stories.js';
import { ReadModelWorld } from '../../test/support/read-model-world.js';
import type { ReadModels } from '../runtime/read-models.js';
import { ReplayIndexAdapter } from './replay-index.adapter.js';

const AT = '2026-01-01T00:00:00.000Z';
const DECISION = { v: 1, by: 'ops', reason: null, at: AT } as const;

let world: ReadModelWorld;
let readModels: ReadModels;
let index: ReplayIndexAdapter;
let position = -1n;

beforeEach(async () => {
  Logger.overrideLogger(false);
  world = new ReadModelWorld();
  readModels = await world.readModels();
  index = new ReplayIndexAdapter(readModels);
});

afterEach(async () => {
  await world.close();
});

function historyOf(webhookId: string): ReplayScope {
  return {
    kind: 'history',
    cause: 'request',
    webhookId,
    registration: 1,
    mode: 'missing',
    from: 'beginning',
    to: null,
    source: null,
    eventTypes: null,
    range: { from: '0', to: '9' },
    selection: { eventTypes: ['*'], source: { kind: 'all' }, tenantId: null, isGlobal: false },
  };
}

async function happened(replayId: string, type: string, data: object): Promise<void> {
  position = await world.appendTo(`posthorn.replay-${replayId}`, type, data);
}

function tell(replayId: string, { data, type }: ReplayLifeEvent): Promise<void> {
  return happened(replayId, type, data);
}

function started(replayId: string, scope: ReplayScope): Promise<void> {
  const data = { v: 1, replayId, scope, perSecond: null, requestedBy: 'ops', reason: null, at: AT };
  return happened(replayId, 'ReplayStarted', data);
}

const completed: ReplayLifeEvent = {
  type: 'ReplayCompleted',
  data: { v: 1, counts: { ...NO_COUNTS, matched: 3 }, at: AT },
};
const paused: ReplayLifeEvent = { type: 'ReplayPaused', data: DECISION };
const advanced: ReplayLifeEvent = {
  type: 'ReplayAdvanced',
  data: { v: 1, cursor: '5', counts: NO_COUNTS, throughput: 3, at: AT },
};

const idsOf = (page: { readonly items: readonly { readonly replayId: string }[] }): string[] =>
  page.items.map(({ replayId }) => replayId);

describe('the replays of the read model', () => {
  it('are listed newest first, by webhook and by status, in pages', async () => {
    for (const [id, webhook] of Object.entries({
      b: 'orders',
      a: 'orders',
      d: 'late',
      c: 'late',
    })) {
      await started(id, historyOf(webhook));
    }
    await tell('a', paused);
    await tell('c', completed);
    const fresh = { minPosition: position };

    expect(idsOf(await index.list(fresh))).toEqual(['c', 'd', 'a', 'b']);
    expect(idsOf(await index.list({ webhookId: 'orders' }))).toEqual(['a', 'b']);
    expect(idsOf(await index.list({ status: 'running' }))).toEqual(['d', 'b']);
    expect(idsOf(await index.list({ webhookId: 'late', status: 'completed' }))).toEqual(['c']);
    const first = await index.list({ limit: 3 });
    const second = await index.list({ limit: 3, cursor: first.nextCursor ?? '' });
    expect([first, second].map(idsOf)).toEqual([['c', 'd', 'a'], ['b']]);
    expect(second.nextCursor).toBeNull();
    await expect(
      index.list({ status: 'running', cursor: first.nextCursor ?? '' }),
    ).rejects.toMatchObject({ code: 'PSH_PROJECTION_CURSOR_INVALID' });
    await expect(index.list({ limit: 0 })).rejects.toMatchObject({
      code: 'PSH_PROJECTION_QUERY_INVALID',
    });
  });

  it('show what their streams tell, in the format of earlier versions too', async () => {
    await started('new', historyOf('orders'));
    await tell('new', advanced);
    const old = { v: 1, replayId: 'old', filter: { webhookId: 'orders' }, accepted: 2, at: AT };
    await happened('old', 'BulkReplayStarted', { ...old, requestedBy: 'api', reason: null });
    await happened('old', 'BulkReplayAdvanced', {
      v: 1,
      afterId: 'dlv_1',
      replayed: 1,
      skipped: 0,
    });
    await readModels.waitFor(position);

    const { items } = await index.list({ webhookId: 'orders' });
    expect(items).toMatchObject([
      { replayId: 'old', scope: { kind: 'dead-letters', accepted: 2 }, cursor: 'dlv_1' },
      { replayId: 'new', scope: { kind: 'history' }, cursor: '5', throughput: 3 },
    ]);
    await readModels.rebuild();
    expect((await index.list({ webhookId: 'orders' })).items).toEqual(items);
  });

  it('that have not ended are found by who runs them', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await started(id, historyOf('orders'));
    await tell('b', completed);
    await tell('c', paused);
    await tell('d', { type: 'ReplayCancelled', data: DECISION });
    await readModels.waitFor(position);

    expect((await index.unfinished()).map(({ replayId }) => replayId)).toEqual(['a', 'c']);
    expect(await index.unknown(['a', 'd', 'e'])).toEqual(['e']);
    expect(await index.unknown([])).toEqual([]);
  });

  it('tell of each start, halt and change of rate, and not of progress', async () => {
    const told: (readonly string[])[] = [];
    index.changes.subscribe((ids) => told.push(ids));
    const next = async (happening: Promise<void>): Promise<void> => {
      await happening;
      await readModels.waitFor(position);
    };
    await next(started('a', historyOf('orders')));
    await next(tell('a', advanced));
    await next(tell('a', { type: 'ReplayRateChanged', data: { ...DECISION, perSecond: 5 } }));
    await next(tell('a', paused));

    expect(told).toEqual([['a'], ['a'], ['a']]);
    const change = firstValueFrom(index.changes);
    await started('b', historyOf('orders'));
    expect(await change).toEqual(['b']);
  });

  it('are read through indexes', async () => {
    const plans: string[] = [];
    await readModels.waitFor(await world.appendTo('posthorn.feed', 'FeedBookmarked', {}));
    const query = readModels.query.bind(readModels);
    const db = new Database(join(world.folder, 'read-model.sqlite'), { readonly: true });
    readModels.query = (asked) => {
      const { parameters, sql } = asked.compile();
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
      plans.push((steps as { detail: string }[]).map(({ detail }) => detail).join('; '));
      return query(asked);
    };
    await index.list({ webhookId: 'orders' });
    await index.list({});
    await index.unfinished();
    await index.backlog({ webhookId: 'orders', atMost: 10 });
    db.close();

    expect(plans).toEqual([
      'SEARCH replays USING INDEX replays_by_webhook (webhook_id=?)',
      'SCAN replays USING INDEX replays_listed',
      expect.stringContaining('SEARCH replays USING INDEX replays_by_status (status=?)'),
      expect.stringContaining('USING INDEX deliveries_by_webhook (webhook_id=? AND status=?)'),
    ]);
  });
});

describe('the backlog of a webhook', () => {
  it('is what waits for an attempt or is at it, counted no further than asked', async () => {
    const stories = new DeliveryStories();
    // Every third delivery is of webhook-0.
    const lives: Record<number, readonly StoryStep[]> = {
      0: ['schedule'],
      3: ['schedule', 'claim'],
      6: ['fail'],
      9: ['succeed'],
      12: ['refuse', 'replay'],
      1: ['schedule'],
    };
    for (const [delivery, steps] of Object.entries(lives)) {
      for (const step of steps) stories.step(Number(delivery), step);
    }
    const end = await world.append(stories);
    await readModels.waitFor(end);

    const webhookId = 'webhook-0';
    expect(await index.backlog({ webhookId, atMost: 10 })).toEqual({ waiting: 3, position: end });
    expect(await index.backlog({ webhookId, atMost: 2 })).toMatchObject({ waiting: 2 });
    expect(await index.backlog({ webhookId: 'nobody', atMost: 2 })).toMatchObject({ waiting: 0 });
  });
});
