import { jsonEvent, PersistentSubscriptionExistsError } from '@eventstore/db-client';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type FeedInstance, FeedWorld } from '../../test/support/feed-world.js';
import { FEED_DEFAULTS } from './feed.options.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

const { bookmarkIntervalMs, groupName } = FEED_DEFAULTS;

describe('the consumer group of the feed', () => {
  let world: FeedWorld;
  let instance: FeedInstance;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    world = await FeedWorld.open();
    instance = world.instance();
  });
  afterEach(async () => {
    await world.close();
  });

  const observed = (...numbers: number[]) =>
    world.until(() => numbers.every((number) => instance.numbers.includes(number)));

  const startOfGroup = async (): Promise<unknown> =>
    (await world.client.getPersistentSubscriptionToAllInfo(groupName)).settings.startFrom;

  /** Everything that was appended so far is observed, and bookmarked. */
  async function bookmarked(...numbers: number[]): Promise<void> {
    await observed(...numbers);
    await world.pass(bookmarkIntervalMs + 1_000);
    await world.until(async () => (await world.countOf(world.names.bookmarks)) > 0);
  }

  it('begins at the first registration of a webhook', async () => {
    await world.append(3);
    const registered = await world.register();
    await world.append(1);
    await instance.feed.start();

    await observed(4);
    expect(instance.numbers).toEqual([4]);
    expect(await startOfGroup()).toEqual({ commit: registered, prepare: registered });
  });

  it('begins at the end of the log, as a position, while there is no webhook', async () => {
    const end = await world.append(3);
    await instance.feed.start();
    await world.append(1);

    await observed(4);
    expect(await startOfGroup()).toEqual({ commit: end, prepare: end });
  });

  it('is created again at the bookmark when it is deleted while the feed runs', async () => {
    await world.register();
    await instance.feed.start();
    await world.append(3);
    await bookmarked(1, 2, 3);
    await world.append(2);
    await observed(4, 5);
    const before = instance.dispatched.length;

    await world.store.forget();
    await world.append(2);
    await world.pass(1_000);
    await observed(6, 7);

    // What was not bookmarked comes again, and is known to have been here before.
    const again = instance.dispatched.slice(before);
    const repeated = again.filter(({ event }) => (event.data as { n: number }).n <= 5);
    expect(repeated.every(({ mayBeRedelivered }) => mayBeRedelivered)).toBe(true);
    expect(instance.numbers.slice(before)).not.toContain(1);
    expect(instance.numbers.slice(before)).toEqual(expect.arrayContaining([4, 5, 6, 7]));
  });

  it('is created again at the bookmark when it was deleted while nothing ran', async () => {
    await world.register();
    await instance.feed.start();
    await world.append(3);
    await bookmarked(1, 2, 3);
    await instance.feed.close();
    await world.append(2);

    await world.store.forget();
    await world.append(2);
    instance = world.instance();
    await instance.feed.start();

    await observed(4, 5, 6, 7);
    expect(instance.numbers).not.toContain(1);
  });

  it('is left as it is when another instance was quicker to create it', async () => {
    await world.register();
    const other = world.instance();
    await Promise.all([instance.feed.start(), other.feed.start()]);
    await world.append(4);

    await world.until(() => instance.numbers.length + other.numbers.length === 4);
    expect(instance.feed.health.trouble).toBeNull();
    expect(other.feed.health.trouble).toBeNull();
    const { settings } = await world.client.getPersistentSubscriptionToAllInfo(groupName);
    await expect(
      world.client.createPersistentSubscriptionToAll(groupName, settings),
    ).rejects.toThrow(PersistentSubscriptionExistsError);
  });

  it('is bookmarked by one instance at a time, and by another when that one stops', async () => {
    await world.register();
    const other = world.instance();
    await instance.feed.start();
    await other.feed.start();
    await world.append(10);
    await world.until(() => instance.numbers.length + other.numbers.length === 10);
    await world.pass(4 * bookmarkIntervalMs);
    await world.until(async () => (await world.countOf(world.names.bookmarks)) > 0);
    expect(await world.countOf(world.names.bookmarks)).toBe(1);

    await instance.feed.close();
    await world.append(10, 'order-2');
    await world.until(() => other.numbers.length >= 10);
    await world.pass(4 * bookmarkIntervalMs);
    await world.until(async () => (await world.countOf(world.names.bookmarks)) > 1);

    expect(await world.countOf(world.names.bookmarks)).toBe(2);
  });

  it('is not bookmarked while nothing happens', async () => {
    await world.register();
    await instance.feed.start();
    await world.append(1);
    await bookmarked(1);
    await world.append(5, 'posthorn.something-of-ours');

    await world.pass(10 * bookmarkIntervalMs);

    expect(await world.countOf(world.names.bookmarks)).toBe(1);
  });

  it('is bookmarked before its time after ten thousand events', async () => {
    await world.register();
    await instance.feed.start();
    for (let stream = 0; stream < 10; stream++) {
      const events = Array.from({ length: 1_010 }, (_, n) =>
        jsonEvent({ type: 'placed', data: { n } }),
      );
      await world.client.appendToStream(`order-${stream}`, events);
    }

    await world.until(() => instance.dispatched.length >= 10_100);
    await world.until(async () => (await world.countOf(world.names.bookmarks)) === 1);
    expect(await world.countOf(world.names.bookmarks)).toBe(1);
  });
});
