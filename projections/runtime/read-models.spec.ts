import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AllStreamSubscription } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { filter, firstValueFrom, Subject, take, toArray } from 'rxjs';
import type { EventStore, EventStoreClient } from '../../modules/event-store/index.js';
import { type CancelTimer, ManualClock } from '../../modules/kernel/index.js';
import { DeliveryStories, STORY_STEPS } from '../../test/support/delivery-stories.js';
import { ReadModelWorld } from '../../test/support/read-model-world.js';
import { dumpTables } from '../../test/support/table-dump.js';
import { readModel } from '../database.js';
import { ReadModels } from './read-models.js';

/** A clock that stands still, and tells of every timer that is set. */
class WatchedClock extends ManualClock {
  readonly timers = new Subject<number>();

  override setTimer(callback: () => void, delayMs: number): CancelTimer {
    const cancel = super.setTimer(callback, delayMs);
    queueMicrotask(() => {
      this.timers.next(delayMs);
    });
    return cancel;
  }
}

/** A store whose catch-up subscriptions can be dropped, as by a connection that is lost. */
class DroppingStore implements EventStore {
  readonly client: EventStoreClient;
  readonly capabilities: EventStore['capabilities'];
  readonly failed: Promise<Error>;
  readonly #subscriptions: AllStreamSubscription[] = [];

  constructor(store: EventStore) {
    this.capabilities = store.capabilities;
    this.failed = store.failed;
    this.client = new Proxy(store.client, {
      get: (target, name: keyof EventStoreClient) => {
        if (name !== 'subscribeToAll') return target[name].bind(target);
        return (...options: Parameters<EventStoreClient['subscribeToAll']>) => {
          const subscription = target.subscribeToAll(...options);
          this.#subscriptions.push(subscription);
          return subscription;
        };
      },
    });
  }

  drop(error: Error): void {
    for (const subscription of this.#subscriptions) subscription.destroy(error);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

let world: ReadModelWorld;

beforeAll(() => {
  Logger.overrideLogger(false);
});

beforeEach(() => {
  world = new ReadModelWorld();
});

afterEach(async () => {
  await world.close();
});

const file = (): string => join(world.folder, 'read-model.sqlite');

async function deliveriesIn(models: ReadModels): Promise<number> {
  const [row] = await models.query(
    readModel.selectFrom('deliveries').select(({ fn }) => fn.countAll<number>().as('count')),
  );
  return row?.count ?? -1;
}

function someStories(count: number): DeliveryStories {
  const stories = new DeliveryStories();
  for (let step = 0; step < count; step++) {
    const kind = STORY_STEPS[(step * 7) % STORY_STEPS.length];
    if (kind) stories.step((step * 5) % 40, kind);
  }
  return stories;
}

function told(stories: DeliveryStories): number {
  return [...stories.deliveries.values()].filter(({ revision }) => revision >= 0).length;
}

describe('the read models', () => {
  it('hold what was recorded before they were opened, and what is recorded after', async () => {
    const stories = someStories(60);
    const before = await world.append(stories);
    const models = await world.readModels();
    await models.waitFor(before);
    expect(await deliveriesIn(models)).toBe(told(stories));
    const count = stories.events.length;
    for (let index = 100; index < 110; index++) stories.step(index, 'succeed');
    await models.waitFor(await world.append(stories, count));
    expect(await deliveriesIn(models)).toBe(told(stories));
  });

  it('go on from their checkpoint after a restart, and end like ones that never stopped', async () => {
    const stories = someStories(300);
    const first = await world.readModels();
    await first.waitFor(await world.append(stories, 0, 100));
    await first.close();
    const second = await world.readModels();
    await second.waitFor(await world.append(stories, 100));
    await second.close();
    const live = dumpTables(file());
    const third = await world.readModels();
    await third.rebuild();
    await third.close();
    expect(dumpTables(file())).toEqual(live);
    expect(live['deliveries']).toHaveLength(told(stories));
  });

  it('are caught up on an empty log', async () => {
    const models = await world.readModels();
    await models.whenCaughtUp();
    expect(models.isCaughtUp).toBe(true);
    expect(models.health()).toMatchObject({ state: 'live', error: null, waitingEvents: 0 });
  });

  it('reach the position of an event that is not ours', async () => {
    const models = await world.readModels();
    const position = await world.appendTo('order-1', 'OrderPlaced', { total: 3 });
    await models.waitFor(position);
    expect(models.position).toBeGreaterThanOrEqual(position);
  });

  it('refuse to wait longer than asked, and for what is no position', async () => {
    const models = await world.readModels();
    await expect(models.waitFor(10n ** 15n, 30)).rejects.toMatchObject({
      code: 'PSH_PROJECTION_LAGGING',
    });
    await expect(models.waitFor('tomorrow')).rejects.toMatchObject({
      code: 'PSH_PROJECTION_POSITION_INVALID',
    });
  });

  it('refuse to answer before they are opened and after they are closed', async () => {
    const models = await world.readModels();
    const waiting = models.waitFor(10n ** 15n);
    const closing = models.close();
    await expect(waiting).rejects.toMatchObject({ code: 'PSH_PROJECTION_UNAVAILABLE' });
    await closing;
    await expect(deliveriesIn(models)).rejects.toMatchObject({
      code: 'PSH_PROJECTION_UNAVAILABLE',
    });
    expect(models.health().state).toBe('closed');
  });

  it('stand still at an event that cannot be applied, say so, and try again ever more slowly', async () => {
    const clock = new WatchedClock();
    const models = await world.readModels(undefined, clock);
    await models.whenCaughtUp();
    const pauses = firstValueFrom(clock.timers.pipe(take(3), toArray()));
    const again = clock.timers.subscribe((delayMs) => {
      clock.advance(delayMs);
    });
    await world.appendTo('posthorn.delivery-x', 'DeliveryScheduled', { origin: { v: 1 } });
    expect(await pauses).toEqual([100, 200, 400]);
    again.unsubscribe();
    expect(models.health()).toMatchObject({
      state: 'failing',
      error: { code: 'PSH_PROJECTION_EVENT_REFUSED' },
    });
    expect(models.isCaughtUp).toBe(false);
    expect(await deliveriesIn(models)).toBe(0);
  });

  it('subscribe again where they were when the subscription is dropped', async () => {
    const clock = new WatchedClock();
    const store = new DroppingStore(await world.store());
    const models = await world.readModels(store, clock);
    const stories = someStories(60);
    await models.waitFor(await world.append(stories, 0, 20));
    const pause = firstValueFrom(clock.timers.pipe(filter((delayMs) => delayMs === 100)));
    store.drop(new Error('the connection is gone'));
    await pause;
    expect(models.health()).toMatchObject({
      state: 'failing',
      error: { message: 'the connection is gone' },
    });
    const end = await world.append(stories, 20);
    clock.advance(100);
    await models.waitFor(end);
    expect(models.health()).toMatchObject({ error: null });
    expect(await deliveriesIn(models)).toBe(told(stories));
  });

  it('take no notice of foreign events and unknown types under the prefix', async () => {
    const models = await world.readModels();
    await world.appendTo('posthorn.delivery-x', 'DeliveryPondered', { why: 'unknown' });
    await world.appendTo('posthorn.registry', 'WebhookRegistryAdvanced', { v: 1 });
    const position = await world.appendTo('posthorn.somewhere', 'Whatever', { v: 1 });
    await models.waitFor(position);
    expect(models.health().error).toBeNull();
  });

  it('begin anew when the log is not the one that they were made from', async () => {
    const models = await world.readModels();
    await models.waitFor(await world.append(someStories(80)));
    await models.close();
    await world.closeStore();
    const other = new ReadModelWorld();
    try {
      const again = await world.readModels(await other.store());
      const stories = new DeliveryStories();
      stories.step(1, 'succeed');
      await again.waitFor(await other.append(stories));
      expect(await deliveriesIn(again)).toBe(1);
      await again.close();
    } finally {
      await other.close();
    }
  });

  it('rebuild a file that was damaged while nobody looked', async () => {
    const stories = someStories(80);
    const models = await world.readModels();
    const position = await world.append(stories);
    await models.waitFor(position);
    await models.close();
    writeFileSync(file(), 'damaged '.repeat(1_000));
    const again = await world.readModels();
    await again.waitFor(position);
    expect(await deliveriesIn(again)).toBe(told(stories));
  });

  it('refuse a data folder that cannot be one', async () => {
    const path = join(world.folder, 'a-file');
    writeFileSync(path, '');
    const models = new ReadModels(await world.store(), world.names, world.clock, { dataDir: path });
    await expect(models.open()).rejects.toMatchObject({ code: 'PSH_PROJECTION_UNAVAILABLE' });
    await expect(deliveriesIn(models)).rejects.toMatchObject({
      code: 'PSH_PROJECTION_UNAVAILABLE',
    });
    await models.close();
  });

  it('vanish with their folder when they are kept in memory', async () => {
    const models = new ReadModels(await world.store(), world.names, world.clock, {
      dataDir: ':memory:',
    });
    await models.open();
    await models.whenCaughtUp();
    expect(await deliveriesIn(models)).toBe(0);
    await models.close();
  });
});
