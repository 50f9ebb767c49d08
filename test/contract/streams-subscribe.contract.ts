import {
  type AllStreamResolvedEvent,
  eventTypeFilter,
  excludeSystemEvents,
  type Position,
  StreamDeletedError,
  streamNameFilter,
} from '@eventstore/db-client';
import { confirmed, emitted, Inbox } from './inbox.js';
import {
  all,
  anEvent,
  type GetClient,
  linkTo,
  numbered,
  positionOf,
  type StreamCalls,
  uniqueStream,
} from './stream-fixtures.js';

/** Catch-up subscriptions to a stream. */
export function describeStreamSubscriptions(client: GetClient): void {
  describe('a subscription to a stream', () => {
    it('brings history, says that it caught up, and goes on with what is appended', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));

      const subscription = client().subscribeToStream(stream);
      const inbox = new Inbox(subscription);
      await confirmed(subscription);
      expect(subscription.id).toEqual(expect.any(String));
      await inbox.untilCaughtUp();
      await client().appendToStream(stream, numbered(2, 3));
      await inbox.untilCount(5);
      await subscription.unsubscribe();

      expect(inbox.revisions).toEqual([0n, 1n, 2n, 3n, 4n]);
      expect(inbox.caughtUpCount).toBe(1);
    });

    it.each([
      ['after the revision it is given', { fromRevision: 1n }, [2n, 3n]],
      ['after the end', { fromRevision: 'end' }, [3n]],
      ['beyond the end: skips what comes up to there', { fromRevision: 2n }, [3n]],
    ] as const)('begins %s', async (_, options, expected) => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));

      const subscription = client().subscribeToStream(stream, options);
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();
      await client().appendToStream(stream, numbered(1, 3));
      await inbox.untilCount(expected.length);
      await subscription.unsubscribe();

      expect(inbox.revisions).toEqual(expected);
    });

    it('may begin before the stream does', async () => {
      const stream = uniqueStream();

      const subscription = client().subscribeToStream(stream);
      const inbox = new Inbox(subscription);
      await confirmed(subscription);
      await client().appendToStream(stream, numbered(2));
      await inbox.untilCount(2);
      await subscription.unsubscribe();

      expect(inbox.revisions).toEqual([0n, 1n]);
    });

    it('brings every event once and in order, however many come while it reads history', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(700));

      const subscription = client().subscribeToStream(stream);
      const inbox = new Inbox(subscription);
      for (let from = 700; from < 2_000; from += 100) {
        await client().appendToStream(stream, numbered(100, from));
      }
      await inbox.untilCount(2_000);
      await subscription.unsubscribe();

      expect(inbox.data).toEqual(Array.from({ length: 2_000 }, (_, n) => ({ n })));
    });

    it('waits for a slow consumer without losing anything', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(100));
      const subscription = client().subscribeToStream(stream, {}, { highWaterMark: 2 });
      const seen: unknown[] = [];

      for await (const { event } of subscription) {
        seen.push(event?.revision);
        if (seen.length === 5) await client().appendToStream(stream, numbered(1_400, 100));
        if (seen.length === 1_500) break;
      }

      expect(seen).toEqual(Array.from({ length: 1_500 }, (_, n) => BigInt(n)));
    });

    it('goes on with a stream that was soft-deleted and begins anew', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(2));
      await client().deleteStream(stream);

      const subscription = client().subscribeToStream(stream);
      const inbox = new Inbox(subscription);
      await confirmed(subscription);
      await client().appendToStream(stream, numbered(1, 2));
      await inbox.untilCount(1);
      await subscription.unsubscribe();

      expect(inbox.revisions).toEqual([2n]);
    });

    it('fails at once when the stream is tombstoned', async () => {
      const stream = uniqueStream();
      await client().tombstoneStream(stream);

      const inbox = new Inbox(client().subscribeToStream(stream));
      await inbox.until(({ error }) => error !== undefined);

      expect(inbox.error).toBeInstanceOf(StreamDeletedError);
      expect(inbox.error).toMatchObject({ streamName: stream });
    });

    it('brings the tombstone and then fails when the stream is tombstoned later', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent());
      const inbox = new Inbox(client().subscribeToStream(stream));
      await inbox.untilCaughtUp();

      await client().tombstoneStream(stream);
      await inbox.until(({ error }) => error !== undefined);

      expect(inbox.events.map(({ event }) => event?.type)).toEqual([
        'thing-happened',
        '$streamDeleted',
      ]);
      expect(inbox.error).toBeInstanceOf(StreamDeletedError);
    });

    it('resolves links, in history and after it', async () => {
      const [target, links] = [uniqueStream('target'), uniqueStream('links')];
      await client().appendToStream(target, numbered(2));
      await client().appendToStream(links, linkTo(target, 0));

      const subscription = client().subscribeToStream(links, { resolveLinkTos: true });
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();
      await client().appendToStream(links, [linkTo(target, 1), linkTo(target, 7)]);
      await inbox.untilCount(3);
      await subscription.unsubscribe();

      expect(inbox.data).toEqual([{ n: 0 }, { n: 1 }, undefined]);
      expect(inbox.events.map(({ link }) => link?.streamId)).toEqual([links, links, links]);
    });

    it('ends when it is unsubscribed: nothing comes after that', async () => {
      const stream = uniqueStream();
      const subscription = client().subscribeToStream(stream);
      const inbox = new Inbox(subscription);
      await confirmed(subscription);
      const ended = emitted(subscription, 'end');

      await subscription.unsubscribe();
      await ended;
      await client().appendToStream(stream, anEvent());

      const control = client().subscribeToStream(stream);
      await new Inbox(control).untilCount(1);
      await control.unsubscribe();
      expect(inbox.events).toEqual([]);
      expect(inbox.error).toBeUndefined();
    });
  });
}

/** Catch-up subscriptions to `$all`. */
export function describeAllSubscriptions(client: GetClient): void {
  describe('a subscription to $all', () => {
    it('brings what was appended after the position it is given, then what is appended', async () => {
      const stream = uniqueStream();
      const { position } = await client().appendToStream(stream, numbered(1));
      await client().appendToStream(stream, numbered(2, 1));

      const subscription = client().subscribeToAll({ fromPosition: position ?? 'start' });
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();
      await client().appendToStream(stream, numbered(1, 3));
      await inbox.until(({ data }) => data.some((one) => (one as { n?: number }).n === 3));
      await subscription.unsubscribe();

      const own = inbox.events.filter(({ event }) => event?.streamId === stream);
      expect(own.map(({ event }) => event?.data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    });

    it('from the end brings only what is appended after it is confirmed', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent());

      const subscription = client().subscribeToAll({ fromPosition: 'end' });
      const inbox = new Inbox(subscription);
      await confirmed(subscription);
      await client().appendToStream(stream, numbered(1, 1));
      await inbox.until(({ events }) => events.some(({ event }) => event?.streamId === stream));
      await subscription.unsubscribe();

      const own = inbox.events.filter(({ event }) => event?.streamId === stream);
      expect(own.map(({ event }) => event?.revision)).toEqual([1n]);
    });

    it.each([
      ['prefixes of types', (type: string) => eventTypeFilter({ prefixes: [type] })],
      ['a regex on types', (type: string) => eventTypeFilter({ regex: `^${type}$` })],
    ])('filters by %s, in history and after it', async (_, filterBy) => {
      const stream = uniqueStream();
      const type = uniqueStream('type');
      const { position } = await client().appendToStream(stream, anEvent());
      await client().appendToStream(stream, [anEvent(), anEvent({ n: 1 }, type), anEvent()]);

      const subscription = client().subscribeToAll({
        fromPosition: position ?? 'start',
        filter: filterBy(type),
      });
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();
      await client().appendToStream(stream, [anEvent(), anEvent({ n: 2 }, type)]);
      await inbox.untilCount(2);
      await subscription.unsubscribe();

      expect(inbox.data).toEqual([{ n: 1 }, { n: 2 }]);
    });

    it.each([
      ['prefixes of names', (prefix: string) => streamNameFilter({ prefixes: ['nope', prefix] })],
      ['a regex on names', (prefix: string) => streamNameFilter({ regex: `^${prefix}` })],
    ])('filters by %s', async (_, filterBy) => {
      const prefix = uniqueStream('prefix');
      const { fromPosition } = await somethingBefore(client());
      await client().appendToStream(`${prefix}-a`, anEvent({ n: 1 }));
      await client().appendToStream(`other-${prefix}`, anEvent({ n: 2 }));

      const subscription = client().subscribeToAll({ fromPosition, filter: filterBy(prefix) });
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();
      await client().appendToStream(`${prefix}-b`, anEvent({ n: 3 }));
      await inbox.untilCount(2);
      await subscription.unsubscribe();

      expect(inbox.data).toEqual([{ n: 1 }, { n: 3 }]);
    });

    it('resolves links, in history and after it', async () => {
      const { fromPosition } = await somethingBefore(client());
      const [target, links] = [uniqueStream('target'), uniqueStream('links')];
      await client().appendToStream(target, numbered(2));
      await client().appendToStream(links, linkTo(target, 0));

      const filter = streamNameFilter({ prefixes: [links] });
      const subscription = client().subscribeToAll({ fromPosition, filter, resolveLinkTos: true });
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();
      await client().appendToStream(links, linkTo(target, 1));
      await inbox.untilCount(2);
      await subscription.unsubscribe();

      expect(inbox.data).toEqual([{ n: 0 }, { n: 1 }]);
      expect(inbox.events.map(({ link }) => link?.streamId)).toEqual([links, links]);
    });

    it('leaves system events out on demand', async () => {
      const stream = uniqueStream();
      const { position } = await client().appendToStream(stream, anEvent({ n: 0 }));
      await client().setStreamMetadata(stream, { maxCount: 9 });
      await client().appendToStream(stream, anEvent({ n: 1 }));

      const subscription = client().subscribeToAll({
        fromPosition: position ?? 'start',
        filter: excludeSystemEvents(),
      });
      const inbox = new Inbox(subscription);
      await inbox.until(({ events }) => events.some(({ event }) => event?.streamId === stream));
      await subscription.unsubscribe();

      expect(inbox.events.every(({ event }) => !event?.type.startsWith('$'))).toBe(true);
    });

    it('reports checkpoints that rise and never pass an event it has not brought', async () => {
      const { fromPosition, stream } = await somethingBefore(client());
      await client().appendToStream(stream, numbered(384));
      const seen: bigint[] = [];
      const checkpoints: Position[] = [];
      const passed: bigint[] = [];

      const subscription = client().subscribeToAll({
        fromPosition,
        filter: streamNameFilter({
          prefixes: [stream],
          checkpointInterval: 2,
          maxSearchWindow: 32,
          checkpointReached: (_, position) => {
            checkpoints.push(position);
            passed.push(seen.at(-1) ?? 0n);
          },
        }),
      });
      subscription.on('data', (resolved: AllStreamResolvedEvent) => {
        seen.push(resolved.event?.position.commit ?? 0n);
      });
      const inbox = new Inbox(subscription);
      await inbox.untilCount(384);
      await inbox.untilCaughtUp();
      await subscription.unsubscribe();

      expect(checkpoints.length).toBeGreaterThanOrEqual(6);
      const commits = checkpoints.map(({ commit }) => commit);
      expect([...new Set(commits)].sort((a, b) => Number(a - b))).toEqual(commits);
      const events = await all(client().readAll({ fromPosition }));
      const own = events.filter(({ event }) => event?.streamId === stream);
      commits.forEach((commit, index) => {
        const due = own.filter(({ event }) => (event?.position.commit ?? 0n) <= commit);
        expect(due.at(-1)?.event?.position.commit ?? 0n).toBeLessThanOrEqual(passed[index] ?? 0n);
      });
    });

    it('reports checkpoints while nothing that is appended matches', async () => {
      const stream = uniqueStream();
      const reached: bigint[] = [];
      let wake: () => void = () => undefined;
      const subscription = client().subscribeToAll({
        fromPosition: 'end',
        filter: eventTypeFilter({
          prefixes: [uniqueStream('no-such-type')],
          checkpointInterval: 1,
          maxSearchWindow: 8,
          checkpointReached: (_, { commit }) => {
            reached.push(commit);
            wake();
          },
        }),
      });
      const inbox = new Inbox(subscription);
      await inbox.untilCaughtUp();

      const { position } = await client().appendToStream(stream, numbered(1));
      await client().appendToStream(stream, numbered(40, 1));
      while (!reached.some((commit) => commit > (position?.commit ?? 0n))) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      await subscription.unsubscribe();

      expect(inbox.events).toEqual([]);
    });

    it('is refused with a search window or an interval of zero', () => {
      const prefixes = ['x'];
      const zeroWindow = eventTypeFilter({ prefixes, maxSearchWindow: 0 });
      const zeroInterval = eventTypeFilter({ prefixes, checkpointInterval: 0 });

      expect(() => client().subscribeToAll({ filter: zeroWindow })).toThrow('greater than 0');
      expect(() => client().subscribeToAll({ filter: zeroInterval })).toThrow('greater than 0');
    });
  });
}

async function somethingBefore(client: StreamCalls) {
  const fromPosition = positionOf(await client.appendToStream(uniqueStream(), anEvent()));
  return { fromPosition, stream: uniqueStream('filtered') };
}
