import type { Observable } from 'rxjs';
import type { ReplayRecord, ReplayStatus } from './replay-record.events.js';

/** Which replays, which page, and how fresh. */
export interface GetReplaysOptions {
  readonly webhookId?: string | undefined;
  readonly status?: ReplayStatus | undefined;
  /**
   * Most items of the page, 1 to 250.
   *
   * @default 50
   */
  readonly limit?: number | undefined;
  /** The `nextCursor` of the page before, unchanged; default: the first page. */
  readonly cursor?: string | undefined;
  /** Position that a command answered with: the answer then holds what the command did. */
  readonly minPosition?: string | bigint | undefined;
}

/** A page of replays as they are recorded, newest first. */
export interface RecordedReplaysPage {
  readonly items: readonly ReplayRecord[];
  readonly nextCursor: string | null;
}

/** Deliveries of a webhook that wait for their first attempt of a run, or are at it. */
export interface Backlog {
  /** How many; counted no further than was asked. */
  readonly waiting: number;
  /** Commit position up to which the index followed the log when it counted. */
  readonly position: bigint;
}

/** The replays as this instance's read model knows them. It follows the log, so it may lag. */
export interface ReplayIndex {
  /** Ids of replays that were started, halted, resumed or given another rate, as they become known. */
  readonly changes: Observable<readonly string[]>;
  /** Every replay that has not ended. */
  unfinished(): Promise<readonly ReplayRecord[]>;
  /** Those of `replayIds` that are not in the index. */
  unknown(replayIds: readonly string[]): Promise<readonly string[]>;
  /** @param atMost where counting ends */
  backlog(query: { readonly webhookId: string; readonly atMost: number }): Promise<Backlog>;
  /**
   * @throws PosthornError `PSH_PROJECTION_QUERY_INVALID`, `PSH_PROJECTION_CURSOR_INVALID`, `PSH_PROJECTION_LAGGING`
   */
  list(options: GetReplaysOptions): Promise<RecordedReplaysPage>;
}

/** Injection token of the `ReplayIndex`. */
export const REPLAY_INDEX = Symbol('posthorn.ReplayIndex');
