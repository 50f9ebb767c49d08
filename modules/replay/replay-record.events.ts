import type { ReplayCounts, ReplayEvent, ReplayScope } from './replay.events.js';

/**
 * ```
 *   running ── pause ──▶ paused ── resume ──▶ running
 *   running ── cannot go on ──▶ failed ── resume ──▶ running
 *   running ── nothing is left ──▶ completed
 *   running | paused | failed ── cancel ──▶ cancelled
 * ```
 */
export type ReplayStatus = 'running' | 'paused' | 'failed' | 'completed' | 'cancelled';

/** A replay as its stream tells it: what the runner, the read model and whoever asks go by. */
export interface ReplayRecord {
  readonly replayId: string;
  readonly scope: ReplayScope;
  readonly status: ReplayStatus;
  readonly perSecond: number | null;
  readonly requestedBy: string;
  readonly reason: string | null;
  /** `null` until progress was recorded. */
  readonly cursor: string | null;
  readonly counts: ReplayCounts;
  /** Matches per second when progress was recorded last; `null` while it does not run. */
  readonly throughput: number | null;
  readonly startedAt: string;
  /** When progress was recorded last. */
  readonly advancedAt: string | null;
  /** When it was paused; `null` when it is not. */
  readonly pausedAt: string | null;
  readonly endedAt: string | null;
  /** Who paused or cancelled it, and why; `null` when nobody did. */
  readonly haltedBy: { readonly by: string; readonly reason: string | null } | null;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly at: string;
  } | null;
}

export const NO_COUNTS: ReplayCounts = {
  examined: 0,
  matched: 0,
  scheduled: 0,
  replayed: 0,
  open: 0,
  succeeded: 0,
  purged: 0,
  refused: 0,
  unreadable: 0,
};

/** Whether nothing more can become of it. */
export function hasEnded({ status }: Pick<ReplayRecord, 'status'>): boolean {
  return status === 'completed' || status === 'cancelled';
}

/** The replay after `event`; `undefined` until it was started. Never throws: what is recorded has happened. */
export function evolveReplay(
  replay: ReplayRecord | undefined,
  event: ReplayEvent,
): ReplayRecord | undefined {
  if (event.type === 'ReplayStarted' || event.type === 'BulkReplayStarted') return started(event);
  return replay && after(replay, event);
}

type StartEvent = Extract<ReplayEvent, { type: 'ReplayStarted' | 'BulkReplayStarted' }>;

function started(event: StartEvent): ReplayRecord {
  const { replayId, requestedBy, reason, at } = event.data;
  return {
    replayId,
    ...askedFor(event),
    requestedBy,
    reason,
    status: 'running',
    cursor: null,
    counts: NO_COUNTS,
    throughput: null,
    startedAt: at,
    advancedAt: null,
    pausedAt: null,
    endedAt: null,
    haltedBy: null,
    failure: null,
  };
}

function askedFor(event: StartEvent): Pick<ReplayRecord, 'scope' | 'perSecond'> {
  if (event.type === 'ReplayStarted') {
    const { scope, perSecond } = event.data;
    return { scope, perSecond };
  }
  const { filter, accepted } = event.data;
  return { scope: { kind: 'dead-letters', filter, accepted }, perSecond: null };
}

function after(replay: ReplayRecord, event: Exclude<ReplayEvent, StartEvent>): ReplayRecord {
  switch (event.type) {
    case 'ReplayAdvanced': {
      const { cursor, counts, throughput, at } = event.data;
      return { ...replay, cursor, counts, throughput, advancedAt: at };
    }
    case 'ReplayPaused': {
      const { by, reason, at } = event.data;
      return { ...halted(replay), status: 'paused', pausedAt: at, haltedBy: { by, reason } };
    }
    case 'ReplayResumed':
      return { ...halted(replay), status: 'running' };
    case 'ReplayCancelled': {
      const { by, reason, at } = event.data;
      return { ...halted(replay), status: 'cancelled', endedAt: at, haltedBy: { by, reason } };
    }
    case 'ReplayRateChanged':
      return { ...replay, perSecond: event.data.perSecond };
    case 'ReplayFailed': {
      const { code, message, at } = event.data;
      return { ...halted(replay), status: 'failed', failure: { code, message, at } };
    }
    case 'ReplayCompleted':
      return completed(replay, event.data.counts, event.data.at);
    case 'BulkReplayAdvanced':
      return { ...replay, cursor: event.data.afterId, counts: bulkCounts(event.data) };
    case 'BulkReplayCompleted':
      return completed(replay, bulkCounts(event.data), event.data.at);
    default:
      return replay; // a later version's event: readers tolerate what they do not know
  }
}

function halted(replay: ReplayRecord): ReplayRecord {
  return { ...replay, throughput: null, pausedAt: null, haltedBy: null, failure: null };
}

function completed(replay: ReplayRecord, counts: ReplayCounts, at: string): ReplayRecord {
  return { ...halted(replay), status: 'completed', counts, endedAt: at };
}

function bulkCounts({
  replayed,
  skipped,
}: {
  readonly replayed: number;
  readonly skipped: number;
}): ReplayCounts {
  const matched = replayed + skipped;
  return { ...NO_COUNTS, examined: matched, matched, replayed, refused: skipped };
}
