import type { ReplayStatus } from '../../modules/replay/replay-record.events.js';

/** One row per replay. */
export interface ReplayRow {
  readonly id: string;
  /** Position in the log of its first event: replays in the order in which they were started. */
  readonly seq: number;
  /** `null` for dead letters of any webhook. */
  readonly webhook_id: string | null;
  readonly status: ReplayStatus;
  /** JSON of a `ReplayRecord`. */
  readonly record: string;
}

export interface ReplaysTables {
  readonly replays: ReplayRow;
}

export const REPLAYS_TABLE_NAMES = ['replays'] as const satisfies readonly (keyof ReplaysTables)[];

export const REPLAYS_DDL = `
  CREATE TABLE replays (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    webhook_id TEXT,
    status TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replays_listed ON replays (seq);
  CREATE INDEX replays_by_webhook ON replays (webhook_id, seq);
  CREATE INDEX replays_by_status ON replays (status, seq)`;
