import fc from 'fast-check';
import {
  advanceSpans,
  type MembershipSpan,
  REMEMBERED_CLOSINGS,
  spanHolds,
  type Subscription,
} from './membership-spans.js';

const listeningTo = (...types: string[]): Subscription => ({
  types,
  source: 'all',
  tenant: 'none',
  from: 0n,
});

function spansAfter(...changes: [at: bigint, wanted: Subscription | null][]) {
  return changes.reduce<readonly MembershipSpan[]>(
    (spans, [at, wanted]) => advanceSpans(spans, at, wanted),
    [],
  );
}

/** The positions from 0 to 99 at which an event of `type` is a member. */
function membersOf(spans: readonly MembershipSpan[], type: string): number[] {
  return Array.from({ length: 100 }, (_, position) => position).filter((position) =>
    spans.some((span) => span.type === type && spanHolds(span, BigInt(position))),
  );
}

function range(after: number, upTo: number): number[] {
  return Array.from({ length: upTo - after }, (_, index) => after + 1 + index);
}

describe('membership spans', () => {
  it('begin above the change that subscribed, and hold for what follows', () => {
    expect(membersOf(spansAfter([10n, listeningTo('a')]), 'a')).toEqual(range(10, 99));
  });

  it('end with the change that unsubscribed, that position included', () => {
    const spans = spansAfter([10n, listeningTo('a')], [20n, null], [30n, listeningTo('a')]);
    expect(membersOf(spans, 'a')).toEqual([...range(10, 20), ...range(30, 99)]);
  });

  it('change hands without a gap where the filter changes, and only there', () => {
    const asking = (expression: string | null) => ({ ...listeningTo('a'), filter: { expression } });
    const spans = spansAfter(
      [10n, listeningTo('a')],
      [20n, asking('x')],
      [30n, asking('x')],
      [40n, asking('y')],
      [50n, asking(null)],
      [60n, asking(null)],
    );

    expect(spans.map(({ after, filter, upTo }) => [after, upTo, filter?.expression])).toEqual([
      [10n, 20n, undefined],
      [20n, 40n, 'x'],
      [40n, 50n, 'y'],
      [50n, null, null],
    ]);
    expect(membersOf(spans, 'a')).toEqual(range(10, 99));
  });

  it('keep what goes on and open what is added where it was added', () => {
    const spans = spansAfter([10n, listeningTo('a')], [20n, listeningTo('b', 'a')]);
    expect(membersOf(spans, 'a')).toEqual(range(10, 99));
    expect(membersOf(spans, 'b')).toEqual(range(20, 99));
  });

  it('end and begin anew when the streams or the tenant change', () => {
    const spans = spansAfter(
      [10n, listeningTo('a')],
      [20n, { ...listeningTo('a'), tenant: 'tenant acme' }],
      [30n, { ...listeningTo('a'), tenant: 'tenant acme', source: 'stream s' }],
    );
    expect(spans).toEqual([
      { type: 'a', source: 'all', tenant: 'none', after: 10n, upTo: 20n },
      { type: 'a', source: 'all', tenant: 'tenant acme', after: 20n, upTo: 30n },
      { type: 'a', source: 'stream s', tenant: 'tenant acme', after: 30n, upTo: null },
    ]);
  });

  it('do not begin before the position that was asked for', () => {
    const later = { ...listeningTo('a'), from: 50n };
    expect(membersOf(spansAfter([10n, later]), 'a')).toEqual(range(49, 99));
    expect(spansAfter([10n, later], [20n, null])).toEqual([]);
    expect(membersOf(spansAfter([60n, later]), 'a')).toEqual(range(60, 99));
  });

  it('agree with a log of which types were wanted at which position', () => {
    const wanted = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }));
    const changes = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), wanted), { maxLength: 25 });
    fc.assert(
      fc.property(changes, (steps) => {
        let at = 0;
        let spans: readonly MembershipSpan[] = [];
        // naive: for every position, the types that were wanted when the log had come that far
        const history: { readonly after: number; readonly types: readonly string[] }[] = [];
        for (const [distance, types] of steps) {
          at += distance;
          spans = advanceSpans(spans, BigInt(at), types && listeningTo(...types));
          history.push({ after: at, types: types ?? [] });
        }
        for (const type of ['a', 'b', 'c']) {
          const naive = range(0, 99).filter((position) =>
            history.findLast(({ after }) => after < position)?.types.includes(type),
          );
          expect(membersOf(spans, type)).toEqual(naive);
        }
      }),
    );
  });

  it('are never two of one type at one position', () => {
    const wanted = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1 }));
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 80 }), (steps) => {
        const spans = spansAfter(
          ...steps.map((types, index): [bigint, Subscription | null] => [
            BigInt(index + 1),
            types && listeningTo(...types),
          ]),
        );
        for (let position = 0n; position <= 81n; position++) {
          for (const type of ['a', 'b']) {
            const holding = spans.filter((span) => span.type === type && spanHolds(span, position));
            expect(holding.length).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });

  it('are forgotten from the 33rd closing on, the oldest first; what is open never is', () => {
    let spans = advanceSpans([], 1n, listeningTo('kept', 'first'));
    spans = advanceSpans(spans, 2n, listeningTo('kept'));
    for (let round = 0; round < REMEMBERED_CLOSINGS; round++) {
      const at = 10n + BigInt(round) * 2n;
      spans = advanceSpans(spans, at, listeningTo('kept', 'flapping'));
      expect(membersOf(spans, 'first')).toEqual([2]);
      spans = advanceSpans(spans, at + 1n, listeningTo('kept'));
    }

    expect(membersOf(spans, 'first')).toEqual([]);
    expect(spans.filter(({ upTo }) => upTo !== null)).toHaveLength(REMEMBERED_CLOSINGS);
    expect(membersOf(spans, 'kept')).toEqual(range(1, 99));
  });
});
