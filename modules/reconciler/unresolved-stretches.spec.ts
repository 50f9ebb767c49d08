import fc from 'fast-check';
import type { UnresolvedStretch } from './reconciler.events.js';
import { countOf, joined, MOST_STRETCHES } from './unresolved-stretches.js';

function stretch(from: number, upTo = from, count = 1): UnresolvedStretch {
  return {
    from: String(from),
    upTo: String(upTo),
    count,
    first: { stream: 'order-1', revision: '0', eventId: `e${from}`, eventType: 'placed' },
    code: 'PSH_FEED_TENANT_INVALID',
    since: new Date(from).toISOString(),
  };
}

/** Stretches as they come: in any order, some of them overlapping. */
const stretches = fc.array(
  fc
    .tuple(fc.nat(100_000), fc.nat(50), fc.integer({ min: 1, max: 9 }))
    .map(([from, length, count]) => stretch(from, from + length, count)),
  { maxLength: 400 },
);

const covers = (cover: readonly UnresolvedStretch[], { from, upTo }: UnresolvedStretch): boolean =>
  cover.some((one) => BigInt(one.from) <= BigInt(from) && BigInt(upTo) <= BigInt(one.upTo));

describe('unresolved stretches', () => {
  it('are kept apart while there are few', () => {
    expect(joined([stretch(30), stretch(7)])).toEqual([stretch(7), stretch(30)]);
  });

  it('are joined with their closest neighbours when there are more than can be kept', () => {
    const result = joined([stretch(1), stretch(100), stretch(102), stretch(500)], 3);

    expect(result).toEqual([stretch(1), { ...stretch(100, 102), count: 2 }, stretch(500)]);
  });

  it('that overlap become one', () => {
    expect(joined([stretch(1, 10), stretch(5, 20)])).toEqual([stretch(1, 20, 2)]);
  });

  it('say since when the oldest of their events is unresolved, and name the first', () => {
    const [one] = joined([stretch(9), { ...stretch(8), since: '2027-01-01T00:00:00.000Z' }], 1);

    expect(one).toMatchObject({ since: stretch(9).since, first: { eventId: 'e8' } });
  });

  it('are never more than can be kept, in the order of the log, apart, and none is forgotten', () => {
    fc.assert(
      fc.property(stretches, (found) => {
        const result = joined(found);
        const places = result.flatMap(({ from, upTo }) => [BigInt(from), BigInt(upTo)]);
        const inOrder = [...places].sort((one, other) => (one < other ? -1 : 1));
        expect(result.length).toBeLessThanOrEqual(MOST_STRETCHES);
        expect(places).toEqual(inOrder);
        expect(result.every(({ from }, index) => from !== result[index - 1]?.upTo)).toBe(true);
        expect(found.every((one) => covers(result, one))).toBe(true);
        expect(countOf(result)).toBe(countOf(found));
      }),
    );
  });
});
