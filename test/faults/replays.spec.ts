import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { jsonEvent } from '@eventstore/db-client';
import type { ReplayLifeEvent } from '../../modules/replay/index.js';
import {
  type DefinitionBuilder,
  type ReplayItem,
  ReplaysService,
  type ReplayStatus,
  type StartReplayRequest,
} from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import type { FaultPoint } from '../support/fault-point.js';

/** Each test starts the whole application, some of them twice, on a machine that may be busy. */
jest.setTimeout(60_000);

describe('a replay of history', () => {
  let world: DeliveryWorld;
  /** The streams of one test: a server that the suites run against holds those of others too. */
  let category: string;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    category = `order${randomUUID().slice(0, 8)}`;
  });

  afterEach(async () => {
    await world.end();
  });

  const replaysOf = (life: Life): ReplaysService => life.app.get(ReplaysService);

  const eventIdsAt = (path: string): string[] =>
    world.receiver
      .at(path)
      .map(({ body }) => (JSON.parse(body) as { metadata: { eventId: string } }).metadata.eventId);

  async function appendMany(count: number, name: string = randomUUID()): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const events = ids.map((id) => jsonEvent({ id, type: 'order.placed', data: {} }));
    await world.store.client.appendToStream(`${category}-${name}`, events);
    return ids;
  }

  async function appendOne(
    name: string,
    type: string,
    metadata?: Record<string, string>,
  ): Promise<void> {
    const event = jsonEvent({ type, data: {}, ...(metadata && { metadata }) });
    await world.store.client.appendToStream(`${category}-${name}`, event);
  }

  /** Registers a webhook for `order.*` in the streams of this test. */
  function register(
    life: Life,
    id: string,
    configure: (webhook: DefinitionBuilder) => unknown = () => undefined,
  ): Promise<void> {
    return world.register(life, id, (webhook) => configure(webhook.fromCategory(category)));
  }

  /** Starts a replay; `from` is the beginning unless it is said. */
  async function start(
    life: Life,
    webhookId: string,
    request: Partial<StartReplayRequest> = {},
  ): Promise<string> {
    const { replay } = await replaysOf(life).start({ webhookId, from: 'beginning', ...request });
    return replay.id;
  }

  /** Resolves when the replay has recorded an event of this type. */
  async function until(replayId: string, type: ReplayLifeEvent['type']): Promise<void> {
    const live = world.store.client.subscribeToStream(world.names.replay(replayId));
    for await (const { event } of live) if (event?.type === type) break;
    await live.unsubscribe();
  }

  async function ended(life: Life, replayId: string): Promise<ReplayItem> {
    await until(replayId, 'ReplayCompleted');
    return replaysOf(life).get(replayId);
  }

  it('sends what happened before the webhook was there, marked, and once', async () => {
    const life = await world.start();
    const past = await appendMany(20);
    await register(life, 'late');

    const replay = await ended(life, await start(life, 'late'));
    await world.untilRecorded(20, 'DeliverySucceeded');

    expect(eventIdsAt('/late').sort()).toEqual(past.sort());
    expect(replay).toMatchObject({
      kind: 'history',
      status: 'completed',
      progress: { matched: 20, scheduled: 20, replayed: 0, percent: 100 },
    });
    const [request] = world.receiver.at('/late');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ metadata: { replay: true } });
  });

  it('of what is missing sends only what did not succeed', async () => {
    let isDown = true;
    world.receiver.behave('/a', (_request, response) => {
      response.writeHead(isDown ? 400 : 204).end();
    });
    const life = await world.start();
    await register(life, 'a');
    const lost = await appendMany(3);
    await world.untilRecorded(3, 'DeliveryDeadLettered');
    isDown = false;
    await appendMany(4);
    await world.untilRecorded(4, 'DeliverySucceeded');

    const replay = await ended(life, await start(life, 'a'));
    await world.untilRecorded(7, 'DeliverySucceeded');

    expect(replay.progress).toMatchObject({ matched: 7, replayed: 3, succeeded: 4, scheduled: 0 });
    expect(eventIdsAt('/a').slice(-3).sort()).toEqual(lost.sort());
  });

  it('of all sends what succeeded too, under the same ids', async () => {
    const life = await world.start();
    await register(life, 'a');
    await appendMany(4);
    await world.untilRecorded(4, 'DeliverySucceeded');

    const replay = await ended(life, await start(life, 'a', { mode: 'all' }));
    await world.receiver.until(() => world.receiver.at('/a').length === 8);

    expect(replay.progress).toMatchObject({ matched: 4, replayed: 4 });
    const ids = world.receiver.at('/a').map(({ webhookId }) => webhookId);
    expect(new Set(ids).size).toBe(4);
  });

  it('of one stream, and of some event types, sends nothing else', async () => {
    const life = await world.start();
    const wanted = await appendMany(5, 'wanted');
    await appendMany(5);
    await appendOne('wanted', 'order.shipped');
    await register(life, 'late');

    const request = { stream: `${category}-wanted`, eventTypes: ['order.placed'] };
    const replay = await ended(life, await start(life, 'late', request));
    await world.untilRecorded(5, 'DeliverySucceeded');

    expect(replay.progress).toMatchObject({ examined: 6, matched: 5 });
    expect(eventIdsAt('/late').sort()).toEqual(wanted.sort());
  });

  it('is started once by two requests with one id', async () => {
    const life = await world.start();
    await appendMany(3);
    await register(life, 'late');

    const first = await start(life, 'late', { replayId: 'repair-7' });
    const again = await start(life, 'late', { replayId: 'repair-7' });
    await ended(life, first);

    expect(again).toBe(first);
    await expect(start(life, 'late', { replayId: 'repair-7', mode: 'all' })).rejects.toMatchObject({
      code: 'PSH_REPLAY_ID_TAKEN',
    });
  });

  it('meets what is new without sending anything twice', async () => {
    const life = await world.start();
    await register(life, 'a');
    const events = await appendMany(30);
    // At this moment the feed is at some of them.
    const replays = await Promise.all([start(life, 'a'), start(life, 'a'), start(life, 'a')]);
    for (const replayId of replays) await ended(life, replayId);
    await world.untilRecorded(30, 'DeliverySucceeded');

    expect(eventIdsAt('/a').sort()).toEqual(events.sort());
  });

  it('holds when it is paused, goes on when it is resumed, and is slowed down', async () => {
    const life = await world.start();
    const past = await appendMany(60);
    await register(life, 'late');
    const replayId = await start(life, 'late', { perSecond: 4 });

    await world.receiver.until(() => world.receiver.at('/late').length > 0);
    const paused = await replaysOf(life).pause(replayId, { by: 'ops', reason: 'too much' });
    expect(paused.replay).toMatchObject({
      status: 'paused',
      haltedBy: { by: 'ops', reason: 'too much' },
    });
    expect(paused.replay.progress.percent).toBeLessThan(100);
    await replaysOf(life).setRate(replayId, null);
    expect((await replaysOf(life).get(replayId)).status).toBe<ReplayStatus>('paused');
    await replaysOf(life).resume(replayId);
    await ended(life, replayId);
    await world.untilRecorded(60, 'DeliverySucceeded');

    expect(eventIdsAt('/late').sort()).toEqual(past.sort());
  });

  it('that is cancelled sends no more than it had begun', async () => {
    const life = await world.start();
    await appendMany(60);
    await register(life, 'late');
    const replayId = await start(life, 'late', { perSecond: 4 });

    await world.receiver.until(() => world.receiver.at('/late').length > 0);
    const { replay } = await replaysOf(life).cancel(replayId);

    expect(replay.status).toBe<ReplayStatus>('cancelled');
    expect((await world.recorded()).size).toBeLessThan(60);
    await expect(replaysOf(life).resume(replayId)).rejects.toMatchObject({
      code: 'PSH_REPLAY_ENDED',
    });
  });

  it('is offered for the time in which the webhook was disabled', async () => {
    const life = await world.start();
    await register(life, 'a');
    const before = await appendMany(2);
    await world.untilRecorded(2, 'DeliverySucceeded');
    await life.webhooks.disable('a', 'maintenance');
    const gap = await appendMany(3);
    await life.webhooks.resume('a');
    const after = await appendMany(2);
    await world.untilRecorded(4, 'DeliverySucceeded');
    expect(eventIdsAt('/a').sort()).toEqual([...before, ...after].sort());

    const replay = await ended(life, await start(life, 'a', { from: 'disabled' }));
    await world.untilRecorded(7, 'DeliverySucceeded');

    expect(replay.progress).toMatchObject({ matched: 3, scheduled: 3 });
    expect(eventIdsAt('/a').slice(4).sort()).toEqual(gap.sort());
  });

  it('waits while its webhook is disabled, and goes on when it is enabled', async () => {
    const life = await world.start();
    const past = await appendMany(20);
    await register(life, 'late');
    await life.webhooks.disable('late', 'maintenance');

    const replayId = await start(life, 'late');
    const waiting = await replaysOf(life).get(replayId);
    expect(waiting).toMatchObject({ status: 'running', waitsFor: 'webhook' });
    await life.webhooks.resume('late');
    await ended(life, replayId);
    await world.untilRecorded(20, 'DeliverySucceeded');

    expect(eventIdsAt('/late').sort()).toEqual(past.sort());
  });

  it('of a paused webhook schedules what its lane may hold, and delivers it later', async () => {
    const life = await world.start();
    await appendMany(600);
    await appendMany(600);
    await register(life, 'late');
    await life.webhooks.pause('late');

    const replayId = await start(life, 'late');
    await world.untilRecorded(900, 'DeliveryScheduled');
    expect(world.receiver.at('/late')).toEqual([]);
    expect((await world.recorded()).size).toBeLessThanOrEqual(1_000);
    expect(await replaysOf(life).get(replayId)).toMatchObject({
      status: 'running',
      waitsFor: 'webhook',
    });
    await life.webhooks.resume('late');
    await ended(life, replayId);
    await world.untilRecorded(1_200, 'DeliverySucceeded');

    expect(new Set(eventIdsAt('/late')).size).toBe(1_200);
    expect(world.receiver.at('/late')).toHaveLength(1_200);
  });

  it('ends when its webhook is removed, and leaves the next registration alone', async () => {
    const life = await world.start();
    await appendMany(60);
    await register(life, 'late');
    const replayId = await start(life, 'late', { perSecond: 4 });
    await world.receiver.until(() => world.receiver.at('/late').length > 0);

    await life.webhooks.remove('late');
    await register(life, 'late');
    await until(replayId, 'ReplayCancelled');

    expect(await replaysOf(life).get(replayId)).toMatchObject({
      status: 'cancelled',
      haltedBy: { by: 'posthorn', reason: 'the webhook was removed' },
    });
    const present = await appendMany(1);
    await world.receiver.until(() => eventIdsAt('/late').includes(present[0] ?? ''));
    expect(world.receiver.at('/late').length).toBeLessThan(60);
  });

  it('replays nothing that its webhook began to listen to after it was started', async () => {
    const life = await world.start();
    await appendMany(10);
    await appendOne('invoice', 'invoice.sent');
    await appendMany(10);
    await register(life, 'late');
    const replayId = await start(life, 'late', { perSecond: 4 });
    await world.receiver.until(() => world.receiver.at('/late').length > 0);

    await life.webhooks.change('late', { eventTypes: ['order.*', 'invoice.*'] });
    await replaysOf(life).setRate(replayId, null);
    const replay = await ended(life, replayId);
    await world.untilRecorded(20, 'DeliverySucceeded');

    expect(replay.progress.matched).toBe(20);
    expect(world.receiver.at('/late')).toHaveLength(20);
  });

  it('counts what it cannot read, and leaves what was purged alone', async () => {
    const tenantId = (event: { readonly metadata?: unknown }): string | null =>
      event.metadata ? 'somebody else' : null;
    const life = await world.start({ tenantResolver: tenantId });
    await register(life, 'a');
    await appendMany(3);
    const deliveries = await world.untilRecorded(3, 'DeliverySucceeded');
    expect(deliveries).toHaveLength(3);
    const [purged] = world.receiver.at('/a');
    await world.store.client.tombstoneStream(world.names.delivery(purged?.webhookId ?? ''));
    await appendOne('foreign', 'order.placed', { tenantId: 'acme' });

    const { progress } = await ended(life, await start(life, 'a', { mode: 'all' }));

    expect(progress).toMatchObject({ matched: 3, replayed: 2, purged: 1, unreadable: 1 });
  });

  it('sends what it still finds of a stream that was deleted, and gives up the rest as gone', async () => {
    const life = await world.start();
    await appendMany(3, 'deleted');
    const kept = await appendMany(2);
    await register(life, 'late');
    await world.store.client.deleteStream(`${category}-deleted`);

    await ended(life, await start(life, 'late'));
    const deliveries = await world.untilRecorded(5, 'DeliverySucceeded', 'DeliveryDeadLettered');

    expect(eventIdsAt('/late').sort()).toEqual(kept.sort());
    const reasons = deliveries
      .flatMap((events) => events)
      .flatMap(({ data, type }) => (type === 'DeliveryDeadLettered' ? [data.reason] : []));
    expect(reasons).toEqual(Array(3).fill('source_event_gone'));
  });

  describe('of an earlier version', () => {
    const backfill = (type: string, data: object) =>
      world.store.client.appendToStream(
        world.names.backfill('late', 1),
        jsonEvent({ type, data: { v: 1, ...data } }),
      );

    async function positionOf(eventId = ''): Promise<string> {
      let position = '';
      for await (const { event } of world.store.client.readAll()) {
        if (event?.id === eventId) position = event.position.commit.toString();
      }
      return position;
    }

    const listed = async (life: Life): Promise<ReplayItem | undefined> => {
      const { items } = await replaysOf(life).list({ webhookId: 'late' });
      return items[0];
    };

    it('that was completed is completed', async () => {
      await appendMany(5);
      await backfill('BackfillCompleted', { matched: 5, at: '2026-01-01T00:00:00.000Z' });
      const life = await world.start();
      await register(life, 'late', (webhook) => webhook.startFrom('beginning'));
      const [present] = await appendMany(1);
      await world.untilRecorded(1, 'DeliverySucceeded');

      expect(eventIdsAt('/late')).toEqual([present]);
      expect(await listed(life)).toMatchObject({
        kind: 'registration',
        status: 'completed',
        progress: { matched: 5, percent: 100 },
      });
    });

    it('goes on where it stood', async () => {
      const done = await appendMany(5);
      const left = await appendMany(5);
      await backfill('BackfillAdvanced', { matched: 5, position: await positionOf(done[4]) });
      const life = await world.start();
      await register(life, 'late', (webhook) => webhook.startFrom('beginning'));
      await world.untilRecorded(5, 'DeliverySucceeded');

      expect(eventIdsAt('/late').sort()).toEqual(left.sort());
    });
  });

  describe('when the process is killed', () => {
    const twice = (builder: DefinitionBuilder): unknown =>
      builder.withRetry({ kind: 'list', delaysMs: [10] });

    it.each<[string, FaultPoint]>([
      ['after it is started', { eventType: 'ReplayStarted', when: 'after' }],
      ['before it is claimed', { eventType: 'LeaseTaken', when: 'before' }],
      ['after it is claimed', { eventType: 'LeaseTaken', when: 'after' }],
      ['before a delivery is asked for', { eventType: 'DeliveryReplayRequested', when: 'before' }],
      [
        'in the middle of a piece',
        { eventType: 'DeliveryReplayRequested', when: 'after', occurrence: 40 },
      ],
      ['before its progress is recorded', { eventType: 'ReplayAdvanced', when: 'before' }],
      ['after its progress is recorded', { eventType: 'ReplayAdvanced', when: 'after' }],
      ['before its end is recorded', { eventType: 'ReplayCompleted', when: 'before' }],
      ['after its end is recorded', { eventType: 'ReplayCompleted', when: 'after' }],
    ])('%s, goes on and asks for each delivery once', async (_name, fault) => {
      const count = 520;
      const first = await world.start();
      await register(first, 'a', twice);
      await appendMany(count);
      await world.untilRecorded(count, 'DeliverySucceeded');
      first.store.stopAt(fault);
      const replayId = 'rpl_killed';
      void start(first, 'a', { mode: 'all', replayId }).catch(() => undefined);
      await first.store.stopped;

      const second = await world.start();
      const { progress } = await ended(second, replayId);
      await world.receiver.until(() => world.receiver.at('/a').length >= 2 * count);

      expect(progress).toMatchObject({ matched: count, replayed: count });
      for (const events of (await world.recorded()).values()) {
        const types = events.map(({ type }) => type);
        expect(types.filter((type) => type === 'DeliveryReplayRequested')).toHaveLength(1);
      }
    });
  });
});
