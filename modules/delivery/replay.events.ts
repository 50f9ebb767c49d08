/**
 * The contract of the streams of bulk replays: `posthorn.replay-{replayId}` tells one, `posthorn.replays` lists them. A
 * bulk replay is recorded before it begins and after each page, so that a restart goes on where it stood.
 */
import type { DeadLetterFilter } from './dead-letters.port.js';

export type BulkReplayEvent =
  | {
      readonly type: 'BulkReplayStarted';
      readonly data: {
        readonly v: 1;
        readonly replayId: string;
        readonly filter: DeadLetterFilter;
        /** Dead letters that matched when it began. */
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
        /** Every dead letter up to this id was asked for again. */
        readonly afterId: string;
        readonly replayed: number;
        /** Passed over: no longer a dead letter, or its webhook allows no replay. */
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

/** On `posthorn.replays`. */
export type BulkReplayPointer =
  | {
      readonly type: 'BulkReplayListed';
      readonly data: { readonly v: 1; readonly replayId: string };
    }
  | {
      readonly type: 'BulkReplayEnded';
      readonly data: { readonly v: 1; readonly replayId: string };
    };
