import type { CatchUpItem, CatchUpSubscription } from './catch-up.js';
import { catchUpToAll } from './catch-up-to-all.js';
import { catchUpToStream } from './catch-up-to-stream.js';
import { CommitFeed } from './commit-feed.js';
import { openEmbeddedLog } from './open-embedded-log.js';
import type { OpenLog } from './open-log.js';
import { proposedNumbers, temporaryFolder } from '../../../test/support/embedded-log-fixtures.js';

describe('a catch-up subscription', () => {
  const folder = temporaryFolder();
  let opened: OpenLog;
  let feed: CommitFeed;
  beforeEach(async () => {
    opened = await openEmbeddedLog({ dataDir: folder() });
    feed = new CommitFeed(opened.log);
  });
  afterEach(async () => {
    feed.close();
    await opened.close();
  });

  const subscriptions: [string, () => CatchUpSubscription][] = [
    [
      'a stream',
      () => catchUpToStream(opened.log, feed, { stream: 's', from: 'start', resolveLinks: false }),
    ],
    ['$all', () => catchUpToAll(opened.log, feed, { from: 'start', resolveLinks: false })],
  ];

  it.each(subscriptions)(
    'to %s sends a consumer that is too slow back to the log, and loses nothing',
    async (_, subscribe) => {
      const subscription = subscribe();
      await opened.log.append('s', 'any', proposedNumbers(3));
      const items: CatchUpItem[] = [];
      await take(subscription, items, () => caughtUp(items) === 1);

      // far more than waits for a consumer, while it takes nothing
      for (let from = 3; from < 6_003; from += 1_000) {
        await opened.log.append('s', 'any', proposedNumbers(1_000, from));
      }
      await take(
        subscription,
        items,
        () => revisions(items).length === 6_003 && caughtUp(items) === 2,
      );
      await opened.log.append('s', 'any', proposedNumbers(1));
      await take(subscription, items, () => revisions(items).length === 6_004);
      subscription.close();

      expect(revisions(items)).toEqual(Array.from({ length: 6_004 }, (_, n) => n));
      expect(await subscription.next()).toBeUndefined();
    },
  );

  it.each(subscriptions)(
    'to %s brings once what was committed while it read the history',
    async (_, subscribe) => {
      const subscription = subscribe();
      await opened.log.append('s', 'any', proposedNumbers(3));
      const items: CatchUpItem[] = [];
      await take(subscription, items, () => caughtUp(items) === 1);

      await opened.log.append('s', 'any', proposedNumbers(1, 3));
      await take(subscription, items, () => revisions(items).includes(3));
      subscription.close();

      expect(revisions(items)).toEqual([0, 1, 2, 3]);
    },
  );

  it('waits, and ends its wait when it is closed', async () => {
    const subscription = catchUpToAll(opened.log, feed, { from: 'end', resolveLinks: false });
    expect(await subscription.next()).toEqual([{ kind: 'caught-up' }]);
    const waiting = subscription.next();

    subscription.close();

    expect(await waiting).toBeUndefined();
  });

  it('to $all brings a checkpoint for every so many records, each after the events up to it', async () => {
    await opened.log.append('unwanted', 'any', proposedNumbers(250));
    await opened.log.append('wanted', 'any', proposedNumbers(2));
    const subscription = catchUpToAll(opened.log, feed, {
      from: 'start',
      resolveLinks: false,
      filter: { on: 'stream', prefixes: ['wanted'] },
      checkpointEvery: 100,
    });
    const items: CatchUpItem[] = [];
    await take(subscription, items, () => caughtUp(items) === 1);
    await opened.log.append('unwanted', 'any', proposedNumbers(99));
    await opened.log.append('wanted', 'any', proposedNumbers(1, 2));
    await take(subscription, items, () => checkpoints(items).length === 4);
    subscription.close();

    expect(
      items.map((item) => (item.kind === 'event' ? item.entry.event?.position : item)),
    ).toEqual([
      { kind: 'checkpoint', position: 100 },
      { kind: 'checkpoint', position: 200 },
      251,
      252,
      { kind: 'checkpoint', position: 252 },
      { kind: 'caught-up' },
      352,
      { kind: 'checkpoint', position: 352 },
    ]);
  });
});

async function take(
  subscription: CatchUpSubscription,
  items: CatchUpItem[],
  isEnough: () => boolean,
): Promise<void> {
  while (!isEnough()) items.push(...((await subscription.next()) ?? []));
}

function revisions(items: readonly CatchUpItem[]): (number | undefined)[] {
  return items.flatMap((item) => (item.kind === 'event' ? [item.entry.event?.revision] : []));
}

function checkpoints(items: readonly CatchUpItem[]): number[] {
  return items.flatMap((item) => (item.kind === 'checkpoint' ? [item.position] : []));
}

function caughtUp(items: readonly CatchUpItem[]): number {
  return items.filter(({ kind }) => kind === 'caught-up').length;
}
