import type { RecordedEvent } from '@eventstore/db-client';
import type { UnresolvedStretch } from './reconciler.events.js';

/** So many are kept apart; more are joined with their neighbours. */
export const MOST_STRETCHES = 100;

/** The stretch that one event makes. */
export function stretchOf(event: RecordedEvent, code: string, now: number): UnresolvedStretch {
  const position = (event.position?.commit ?? 0n).toString();
  return {
    from: position,
    upTo: position,
    count: 1,
    first: {
      stream: event.streamId,
      revision: event.revision.toString(),
      eventId: event.id,
      eventType: event.type,
    },
    code,
    since: new Date(now).toISOString(),
  };
}

/**
 * All stretches in the order of the log, at most `most` of them: where there are more, those that lie closest together
 * become one, which is looked through again as a whole. So however many events are unresolved, none is forgotten, and what
 * has to be remembered of them stays small.
 */
export function joined(
  stretches: readonly UnresolvedStretch[],
  most = MOST_STRETCHES,
): readonly UnresolvedStretch[] {
  const ordered = [...stretches].sort((one, other) => compare(one.from, other.from));
  const apart = joinedAt(ordered, (index, last) => gapBetween(last, ordered[index]) <= 0n);
  const surplus = apart
    .map((stretch, index) => ({ index, gap: gapBetween(apart[index - 1], stretch) }))
    .slice(1)
    .sort((one, other) => (one.gap < other.gap ? -1 : 1))
    .slice(0, Math.max(apart.length - most, 0));
  const closed = new Set(surplus.map(({ index }) => index));
  return joinedAt(apart, (index) => closed.has(index));
}

/** @param isClosed whether the stretch at an index is joined with what came of those before */
function joinedAt(
  ordered: readonly UnresolvedStretch[],
  isClosed: (index: number, last: UnresolvedStretch) => boolean,
): readonly UnresolvedStretch[] {
  const result: UnresolvedStretch[] = [];
  for (const [index, stretch] of ordered.entries()) {
    const last = result.at(-1);
    if (last && isClosed(index, last)) result[result.length - 1] = join(last, stretch);
    else result.push(stretch);
  }
  return result;
}

/** How many unresolved events there are. */
export function countOf(stretches: readonly UnresolvedStretch[]): number {
  return stretches.reduce((sum, { count }) => sum + count, 0);
}

function join(one: UnresolvedStretch, other: UnresolvedStretch): UnresolvedStretch {
  const upTo = compare(one.upTo, other.upTo) < 0 ? other.upTo : one.upTo;
  const since = one.since < other.since ? one.since : other.since;
  return { ...one, upTo, count: one.count + other.count, since };
}

function gapBetween(
  one: UnresolvedStretch | undefined,
  other: UnresolvedStretch | undefined,
): bigint {
  return one && other ? BigInt(other.from) - BigInt(one.upTo) : 0n;
}

function compare(one: string, other: string): number {
  const difference = BigInt(one) - BigInt(other);
  return difference < 0n ? -1 : Number(difference > 0n);
}
