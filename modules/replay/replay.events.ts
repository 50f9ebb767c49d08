import type { DeadLetterFilter } from './dead-letters.port.js';

/**
 * The contract of `posthorn.replay-{replayId}`, which tells one replay from its start to its end. Events are never
 * renamed; readers tolerate unknown fields. Positions are decimal strings, times ISO 8601 in UTC.
 */
export type ReplayEvent = ReplayLifeEvent | BulkReplayEvent;

/** `missing`: what has no delivery, or whose delivery did not succeed. `all`: what succeeded too, in a new run. */
export type ReplayMode = 'missing' | 'all';

/** Where a replay of history begins. `disabled`: where the webhook was last disabled, up to where it was enabled again. */
export type ReplayFrom =
  'beginning' | 'disabled' | { readonly position: string } | { readonly time: string };

/** Where a replay of history ends: a position (inclusive) or a time (exclusive). */
export type ReplayTo = { readonly position: string } | { readonly time: string };

/** One source stream, or the streams of one category. */
export type ReplaySource =
  | { readonly kind: 'stream'; readonly stream: string }
  | { readonly kind: 'category'; readonly category: string };

/** What a webhook asked for at one moment, by event type, stream and tenant. */
export interface ReplaySelection {
  readonly eventTypes: readonly string[];
  readonly source: { readonly kind: 'all' } | ReplaySource;
  readonly tenantId: string | null;
  readonly isGlobal: boolean;
}

/** A replay of events of the log to one webhook. */
export interface HistoryScope {
  readonly kind: 'history';
  /** `registration`: the webhook asked for it with `startFrom` when it was registered. */
  readonly cause: 'request' | 'registration';
  readonly webhookId: string;
  readonly registration: number;
  readonly mode: ReplayMode;
  readonly from: ReplayFrom;
  /** `null`: the end of the log when it was started. */
  readonly to: ReplayTo | null;
  /** Only these streams; `null`: all that the webhook listens to. */
  readonly source: ReplaySource | null;
  /** Only these event types and patterns; `null`: all that the webhook listens to. */
  readonly eventTypes: readonly string[] | null;
  /** What is read, both ends inclusive: `from` is the position of a record, or 0. */
  readonly range: { readonly from: string; readonly to: string };
  /** What the webhook asked for when the replay was started: what it asks for later is not replayed by accident. */
  readonly selection: ReplaySelection;
}

/** A replay of dead letters by filter. */
export interface DeadLettersScope {
  readonly kind: 'dead-letters';
  readonly filter: DeadLetterFilter;
  /** Dead letters that matched when it was started. */
  readonly accepted: number;
}

export type ReplayScope = HistoryScope | DeadLettersScope;

/** What a replay has done so far, in events or dead letters. */
export interface ReplayCounts {
  /** Looked at. */
  readonly examined: number;
  /** Selected: the sum of what follows. */
  readonly matched: number;
  /** Had no delivery: one was recorded. */
  readonly scheduled: number;
  /** The delivery had ended: a new run was recorded. */
  readonly replayed: number;
  /** The delivery was under way: left alone. */
  readonly open: number;
  /** The delivery had succeeded: left alone. */
  readonly succeeded: number;
  /** The delivery was purged: left alone. */
  readonly purged: number;
  /** No longer a dead letter, or its webhook allows no replay. */
  readonly refused: number;
  /** Whose event it is cannot be told: passed over, not among `matched`. */
  readonly unreadable: number;
}

/** Who did something to a replay, when, and why. */
export interface ReplayDecision {
  readonly v: 1;
  readonly by: string;
  readonly reason: string | null;
  readonly at: string;
}

/** How far a replay is. */
export interface ReplayAdvance {
  readonly v: 1;
  /** Everything up to here is done: a position of the log, or the id of a dead letter. */
  readonly cursor: string;
  readonly counts: ReplayCounts;
  /** Matches per second since the last record of progress. */
  readonly throughput: number;
  readonly at: string;
}

export type ReplayLifeEvent =
  | {
      readonly type: 'ReplayStarted';
      readonly data: {
        readonly v: 1;
        readonly replayId: string;
        readonly scope: ReplayScope;
        /** Matches that lead to a request, per second; `null`: as fast as the webhook takes them. */
        readonly perSecond: number | null;
        readonly requestedBy: string;
        readonly reason: string | null;
        readonly at: string;
      };
    }
  | { readonly type: 'ReplayAdvanced'; readonly data: ReplayAdvance }
  | {
      readonly type: 'ReplayPaused' | 'ReplayResumed' | 'ReplayCancelled';
      readonly data: ReplayDecision;
    }
  | {
      readonly type: 'ReplayRateChanged';
      readonly data: ReplayDecision & { readonly perSecond: number | null };
    }
  | {
      /** It cannot go on by itself: a person has to look, and to resume it. */
      readonly type: 'ReplayFailed';
      readonly data: {
        readonly v: 1;
        /** Error code, or the class of an unexpected error. */
        readonly code: string;
        readonly message: string;
        readonly at: string;
      };
    }
  | {
      readonly type: 'ReplayCompleted';
      readonly data: { readonly v: 1; readonly counts: ReplayCounts; readonly at: string };
    };

/** How replays of dead letters were told before they had a life in common with those of history. */
export type BulkReplayEvent =
  | {
      readonly type: 'BulkReplayStarted';
      readonly data: {
        readonly v: 1;
        readonly replayId: string;
        readonly filter: DeadLetterFilter;
        readonly accepted: number;
        readonly requestedBy: string;
        readonly reason: string | null;
        readonly at: string;
      };
    }
  | {
      readonly type: 'BulkReplayAdvanced';
      readonly data: {
        readonly v: 1;
        readonly afterId: string;
        readonly replayed: number;
        readonly skipped: number;
      };
    }
  | {
      readonly type: 'BulkReplayCompleted';
      readonly data: {
        readonly v: 1;
        readonly replayed: number;
        readonly skipped: number;
        readonly at: string;
      };
    };

/**
 * `posthorn.backfill-{webhookId}-{registration}`: how far the history of a registration was taken to its deliveries,
 * before that was a replay.
 */
export type BackfillEvent =
  | {
      readonly type: 'BackfillAdvanced';
      readonly data: { readonly v: 1; readonly position: string; readonly matched: number };
    }
  | {
      readonly type: 'BackfillCompleted';
      readonly data: { readonly v: 1; readonly matched: number; readonly at: string };
    };
