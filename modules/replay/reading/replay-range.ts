import { type EventStoreClient, parsePosition, type StreamNames } from '../../event-store/index.js';
import type { ReplayFrom, ReplayTo } from '../replay.events.js';
import type { ReplayProblems } from '../replay-rules.js';
import { lastDisabledGap } from './disabled-gap.js';
import type { HistoryRange } from './history-source.js';
import { endOfLog, isReadableFrom, positionBefore } from './log-places.js';

/** What a range is resolved with. */
export interface RangeResolution {
  readonly client: Pick<EventStoreClient, 'readAll' | 'readStream'>;
  readonly names: StreamNames;
  readonly webhookId: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly problems: ReplayProblems;
}

/** One end of a range; `null` when it is left open. */
type Place = bigint | null;

/**
 * The positions that a replay reads: what is before and behind a time is passed over when it is read.
 *
 * @returns something arbitrary when there are problems
 * @throws what the client throws
 */
export async function resolveRange(
  from: ReplayFrom,
  to: ReplayTo | null,
  resolution: RangeResolution,
): Promise<HistoryRange> {
  const { client, problems } = resolution;
  checkTimes(from, to, resolution);
  const end = await endOfLog(client);
  const begin = await resolveFrom(from, end, resolution);
  const range = { from: begin.from, to: resolveTo(to, end, problems) ?? begin.to ?? end };
  if (problems.isEmpty && range.from > range.to) {
    problems.add('to', 'lies before `from`', 'Give an end that lies behind the beginning.');
  }
  return range;
}

async function resolveFrom(
  from: ReplayFrom,
  end: bigint,
  { client, names, problems, webhookId }: RangeResolution,
): Promise<{ readonly from: bigint; readonly to: Place }> {
  if (from === 'beginning') return { from: 0n, to: null };
  if (from === 'disabled') {
    const gap = await lastDisabledGap(client, names, webhookId);
    if (gap) return { from: gap.after, to: gap.upTo };
    problems.add(
      'from',
      'the webhook was never disabled since it was registered',
      'Give a position or a time, or `beginning`.',
    );
    return { from: 0n, to: null };
  }
  if ('time' in from) {
    const time = Date.parse(from.time);
    return {
      from: Number.isNaN(time) ? 0n : await positionBefore(client, names.feed, time),
      to: null,
    };
  }
  const position = parsePosition(from.position)?.commit;
  const isKnown =
    position !== undefined && position <= end && (await isReadableFrom(client, position));
  if (isKnown) return { from: position, to: null };
  problems.add(
    'from.position',
    'is not the position of an event',
    'Give the position of an event in the log, or a time.',
  );
  return { from: 0n, to: null };
}

function resolveTo(to: ReplayTo | null, end: bigint, problems: ReplayProblems): Place {
  if (to === null || 'time' in to) return null;
  const position = parsePosition(to.position)?.commit;
  if (position !== undefined && position <= end) return position;
  problems.add(
    'to.position',
    'is no position of the log',
    'Give a position that the log has reached, or none: the end of the log.',
  );
  return null;
}

function checkTimes(
  from: ReplayFrom,
  to: ReplayTo | null,
  { now, problems }: Pick<RangeResolution, 'now' | 'problems'>,
): void {
  const begin = timeOf(from, 'from', problems);
  const end = to && timeOf(to, 'to', problems);
  if (begin === null) return;
  if (begin > now) {
    problems.add('from.time', 'lies in the future', 'Give a time that has passed.');
  } else if (end !== null && end <= begin) {
    problems.add('to.time', 'does not lie behind `from`', 'Give a later time.');
  }
}

function timeOf(place: ReplayFrom | ReplayTo, field: string, problems: ReplayProblems) {
  if (typeof place === 'string' || !('time' in place)) return null;
  const time = Date.parse(place.time);
  if (!Number.isNaN(time)) return time;
  problems.add(
    `${field}.time`,
    'is no time',
    'Give a time of ISO 8601, such as 2026-08-01T12:00Z.',
  );
  return null;
}
