import { jsonEvent } from '@eventstore/db-client';
import { jest } from '@jest/globals';
import { FeedWorld } from '../../test/support/feed-world.js';
import { Bookmarks } from './bookmarks.js';
import type { FeedEvent } from './feed.events.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

describe('bookmarks', () => {
  let world: FeedWorld;
  let bookmarks: Bookmarks;

  beforeEach(async () => {
    world = await FeedWorld.open();
    const { client, clock, names } = world;
    bookmarks = new Bookmarks({ client, clock, names });
  });
  afterEach(async () => {
    await world.close();
  });

  /** What an earlier version recorded beside the quarantined events. */
  async function recordEarlier(position: string): Promise<void> {
    const data = { v: 1, position, at: '2026-01-01T00:00:00.000Z' };
    await world.client.appendToStream(
      world.names.feed,
      jsonEvent({ type: 'FeedBookmarked', data }),
    );
  }

  async function quarantine(count: number): Promise<void> {
    const event: FeedEvent = {
      type: 'FeedEventQuarantined',
      data: {
        v: 1,
        position: '5',
        stream: 'order-1',
        revision: '0',
        eventId: 'e',
        eventType: 'placed',
        code: 'unknown',
        message: 'unexpected error',
        at: '2026-01-01T00:00:00.000Z',
      },
    };
    const many = Array.from({ length: count }, () => jsonEvent(event));
    await world.client.appendToStream(world.names.feed, many);
  }

  it('are none at first', async () => {
    expect(await bookmarks.last()).toBeUndefined();
  });

  it('are read by whoever asks: the last one counts', async () => {
    await bookmarks.record(7n, undefined);
    await bookmarks.record(9n, await bookmarks.last());

    expect((await bookmarks.last())?.position).toBe(9n);
  });

  it('of two instances that saw the same last one, only one is recorded', async () => {
    await bookmarks.record(7n, undefined);
    const last = await bookmarks.last();

    expect(await bookmarks.record(9n, last)).toBe(true);
    expect(await bookmarks.record(8n, last)).toBe(false);
    expect((await bookmarks.last())?.position).toBe(9n);
  });

  it('of an earlier version are read, however many events were quarantined since', async () => {
    await recordEarlier('3');
    await recordEarlier('4');
    await quarantine(250);

    expect((await bookmarks.last())?.position).toBe(4n);
  });

  it('of an earlier version end with the first one of this version', async () => {
    await recordEarlier('4');
    await bookmarks.record(6n, await bookmarks.last());

    expect((await bookmarks.last())?.position).toBe(6n);
  });

  it('do not accumulate, and no quarantined event is lost for them', async () => {
    await quarantine(1);
    for (let position = 1n; position <= 40n; position++) {
      await bookmarks.record(position, await bookmarks.last());
    }

    expect(await world.countOf(world.names.bookmarks)).toBeLessThanOrEqual(10);
    expect(await world.countOf(world.names.feed)).toBe(1);
  });
});
