import { NEVER } from 'rxjs';
import { ManualClock } from '../kernel/index.js';
import { deliveryIdAt } from './delivery-id.js';
import {
  type DueDeliveries,
  type OthersPage,
  type OthersQuery,
  UNOWNED,
} from './due-deliveries.port.js';
import { type DuePage, OthersShare, OwnShare } from './due-share.js';

const NOBODY: ReadonlySet<string> = new Set();
const row = (deliveryId: string, dueAt: number) => ({ deliveryId, webhookId: 'a', dueAt });

/** A due index that answers as it is told, and writes down what it was asked for. */
function indexOf(answers: {
  readonly own?: ReturnType<typeof row>[];
  readonly others?: Partial<OthersPage>;
}) {
  const asked: OthersQuery[] = [];
  const due: DueDeliveries = {
    changes: NEVER,
    earliest: () => Promise.resolve([]),
    claimed: () => Promise.resolve([]),
    page: ({ limit }) => Promise.resolve((answers.own ?? []).slice(0, limit)),
    others: (query) => {
      asked.push(query);
      const none = {
        deliveries: [],
        isAnyWanted: (answers.others?.deliveries ?? []).length > 0,
        nextOwnedDueAt: null,
        nextUnownedDueAt: null,
      };
      return Promise.resolve({ ...none, ...answers.others });
    },
  };
  return { due, asked };
}

describe('what an instance owns', () => {
  it('is attempted when it is due, earliest first, and what is due later at its time', async () => {
    const clock = new ManualClock();
    const now = clock.now();
    const { due } = indexOf({ own: [row('x', now - 5), row('y', now), row('z', now + 50)] });
    const share = new OwnShare(due, clock, 'i-1');

    expect(await share.read('a', 9, NOBODY)).toEqual({
      deliveries: [row('x', now - 5), row('y', now)],
      isMore: false,
      nextLookAt: now + 50,
    });
    expect(await share.read('a', 1, NOBODY)).toMatchObject({ isMore: true });
  });

  it('does not concern it when somebody else owns it, unless nobody else can be alive', () => {
    const clock = new ManualClock();
    const { due } = indexOf({});
    const change = { webhookId: 'a', owner: 'i-2', dueAt: 7 };

    expect(new OwnShare(due, clock, 'i-1').lookAt(change)).toBeUndefined();
    expect(new OwnShare(due, clock, 'i-2').lookAt(change)).toBe(7);
    expect(new OwnShare(due, clock).lookAt(change)).toBe(7);
  });
});

describe('what other instances left', () => {
  function sharing(random: number | (() => number) = 0, others: Partial<OthersPage> = {}) {
    const clock = new ManualClock();
    const { due, asked } = indexOf({ others });
    const draw = typeof random === 'number' ? () => random : random;
    const share = new OthersShare(due, clock, 'i-1', draw);
    return { clock, share, asked, startedAt: clock.now() };
  }

  it('is looked for 10 s after it was due, and within another 10 s', () => {
    const dueAt = sharing().startedAt + 60_000;
    const change = { webhookId: 'a', owner: 'i-2', dueAt };

    expect(sharing(0).share.lookAt(change)).toBe(dueAt + 10_000);
    expect(sharing(0.5).share.lookAt(change)).toBe(dueAt + 15_000);
    expect(sharing(0).share.lookAt({ ...change, owner: 'i-1' })).toBeUndefined();
  });

  it('is left to its owner that long after this instance has started, however long it was due', async () => {
    const { clock, share, asked, startedAt } = sharing();
    expect(share.lookAt({ webhookId: 'a', owner: 'i-2', dueAt: 0 })).toBe(startedAt + 10_000);

    await share.read('a', 1, NOBODY);
    clock.advance(10_000);
    await share.read('a', 1, NOBODY);

    expect(asked.map(({ ownedDueBefore }) => ownedDueBefore)).toEqual([-1, startedAt]);
  });

  it('is left to its owner that long after the webhook was resumed', async () => {
    const { clock, share, asked } = sharing();
    clock.advance(3_600_000);
    share.webhookChanged('a');
    const resumedAt = clock.now();

    expect(share.lookAt({ webhookId: 'a', owner: 'i-2', dueAt: 0 })).toBe(resumedAt + 10_000);
    await share.read('a', 1, NOBODY);
    await share.read('b', 1, NOBODY);

    expect(asked.map(({ ownedDueBefore }) => ownedDueBefore)).toEqual([-1, resumedAt - 10_000]);
  });

  it('is taken within a second when nobody can own it', async () => {
    const { share, asked, startedAt } = sharing(0.5);

    expect(share.lookAt({ webhookId: 'a', owner: UNOWNED, dueAt: 0 })).toBe(startedAt + 500);
    await share.read('a', 1, NOBODY);

    expect(asked).toMatchObject([{ unownedDueBefore: startedAt, ownedDueBefore: -1 }]);
  });

  it('is walked from a place of its own on, and from another one after meeting somebody', async () => {
    const found = [row('dlv_m', 0), row('dlv_n', 0), row('dlv_o', 0)];
    const random = [0.25, 0.75];
    const { share, asked } = sharing(() => random.shift() ?? 0, { deliveries: found });

    const page = await share.read('a', 2, NOBODY);
    await share.read('a', 2, NOBODY);
    expect(share.collided('a')).toBe(true);
    await share.read('a', 2, NOBODY);

    expect(page).toMatchObject({ deliveries: found.slice(0, 2), isMore: true });
    const places = [deliveryIdAt(0.25), 'dlv_n', deliveryIdAt(0.75)];
    expect(asked.map(({ afterId }) => afterId)).toEqual(places);
  });

  it('is looked at again when there will be more, and never twice within a second', async () => {
    const dueAt = sharing().startedAt + 90_000;
    const ahead = sharing(0, { nextOwnedDueAt: dueAt, nextUnownedDueAt: dueAt + 20_000 });
    const soon = sharing(0, { nextUnownedDueAt: 1 });

    expect(await ahead.share.read('a', 1, NOBODY)).toMatchObject({ nextLookAt: dueAt + 10_000 });
    expect(await soon.share.read('a', 1, NOBODY)).toMatchObject({
      nextLookAt: soon.startedAt + 1_000,
    });
    expect(await sharing().share.read('a', 1, NOBODY)).toMatchObject({ nextLookAt: undefined });
  });
});

describe('a backlog that several instances work off', () => {
  /** A due index that holds deliveries with these ids, all due long ago, owned by an instance that is gone. */
  function backlogOf(ids: readonly string[]) {
    const clock = new ManualClock();
    const { due } = indexOf({});
    const left = new Set(ids);
    const shareOf = (instance: string): OthersShare => {
      const others = (query: OthersQuery): Promise<OthersPage> => {
        const { afterId, except, fromId, limit, ownedDueBefore, toId } = query;
        const all = ownedDueBefore > 0 ? [...left].sort() : [];
        const inRange = all.filter((id) => id >= fromId && (toId === null || id < toId));
        const round = [
          ...inRange.filter((id) => id > afterId),
          ...inRange.filter((id) => id <= afterId),
        ];
        const wanted = round.filter((id) => !except.has(id)).slice(0, limit);
        return Promise.resolve({
          deliveries: wanted.map((id) => row(id, 1)),
          isAnyWanted: all.length > 0,
          nextOwnedDueAt: null,
          nextUnownedDueAt: null,
        });
      };
      return new OthersShare({ ...due, others }, clock, instance, () => 0.9);
    };
    return { clock, left, shareOf };
  }

  const IDS = Array.from({ length: 100 }, (_id, index) => `${deliveryIdAt(index / 100)}x`);
  const idsOf = (page: DuePage): string[] => page.deliveries.map(({ deliveryId }) => deliveryId);

  it('is parted by ranges of ids, once each has seen the others work', async () => {
    const { clock, shareOf } = backlogOf(IDS);
    const names = ['i-1', 'i-2', 'i-3'];
    const shares = names.map(shareOf);
    clock.advance(60_000);
    for (const share of shares) for (const name of names) share.seen(name);

    const pages = await Promise.all(shares.map((share) => share.read('a', 20, NOBODY)));

    const taken = pages.flatMap(idsOf);
    expect(taken).toHaveLength(60);
    expect(new Set(taken).size).toBe(60);
  });

  it('belongs to those who are left, when one was not seen for a minute', async () => {
    const { clock, shareOf } = backlogOf(IDS);
    const share = shareOf('i-1');
    clock.advance(60_000);
    share.seen('i-0');
    expect(idsOf(await share.read('a', 99, NOBODY))).toHaveLength(50);

    clock.advance(60_001);

    expect(idsOf(await share.read('a', 99, NOBODY))).toHaveLength(99);
  });

  it('is left to the others for five seconds when the own range is empty, and then helped with', async () => {
    const { clock, shareOf } = backlogOf(IDS.slice(0, 50));
    const share = shareOf('i-2');
    clock.advance(60_000);
    share.seen('i-1');

    const first = await share.read('a', 10, NOBODY);
    expect(first).toEqual({ deliveries: [], isMore: false, nextLookAt: clock.now() + 5_000 });
    clock.advance(5_000);
    expect(idsOf(await share.read('a', 10, NOBODY))).toHaveLength(10);
    share.collided('a');
    expect(idsOf(await share.read('a', 10, NOBODY))).toEqual([]);
  });

  it('is taken by whoever looks first when it is only a few', async () => {
    const { clock, shareOf } = backlogOf(IDS.slice(0, 3));
    const share = shareOf('i-2');
    clock.advance(60_000);
    share.seen('i-1');

    const page = await share.read('a', 10, NOBODY);
    expect(idsOf(page)).toEqual(IDS.slice(0, 3));
    expect(page.nextLookAt).toBe(clock.now() + 1_000);
  });
});
