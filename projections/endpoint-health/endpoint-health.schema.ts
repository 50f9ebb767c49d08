import type { EndpointStanding } from '../../modules/delivery/endpoint-standing.port.js';

/** Attempts on one endpoint that started within one hour. */
export interface EndpointHourRow {
  readonly webhook_id: string;
  /** Start of the hour in epoch milliseconds. */
  readonly hour: number;
  attempts: number;
  successes: number;
  status_2xx: number;
  status_3xx: number;
  status_4xx: number;
  status_5xx: number;
  /** Attempts without a usable response. */
  no_response: number;
  /** Attempts by latency bucket, as JSON `{bucket: count}`: see `latency-histogram.ts`. */
  latency: string;
}

/** An endpoint as the attempts recorded so far leave it. Times are epoch milliseconds. */
export interface EndpointRow {
  readonly webhook_id: string;
  last_success_at: number | null;
  last_failure_at: number | null;
  /** Failed attempts since the last success, in the order in which they were recorded. */
  consecutive_failures: number;
  /** When the first of them was recorded, by the clock of the event store; `null` once somebody resumed or moved the webhook. */
  failing_since: number | null;
  /** When the last of them was recorded. */
  failed_at: number | null;
  /** Of which failing `EndpointFailing` was recorded last; `null` once it was taken back. */
  warned_since: number | null;
  warned_stage: number;
}

/** How the endpoint stands, for those who act on it. */
export function standingOf(row: EndpointRow): EndpointStanding {
  return {
    webhookId: row.webhook_id,
    failingSince: row.failing_since,
    lastFailureAt: row.failed_at,
    failureCount: row.consecutive_failures,
    warnedSince: row.warned_since,
    warnedStage: row.warned_stage,
  };
}

export interface EndpointHealthTables {
  readonly endpoint_hours: EndpointHourRow;
  readonly endpoints: EndpointRow;
}

export const ENDPOINT_HEALTH_TABLE_NAMES = [
  'endpoint_hours',
  'endpoints',
] as const satisfies readonly (keyof EndpointHealthTables)[];

export const ENDPOINT_HEALTH_DDL = `
  CREATE TABLE endpoint_hours (
    webhook_id TEXT NOT NULL,
    hour INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    status_2xx INTEGER NOT NULL,
    status_3xx INTEGER NOT NULL,
    status_4xx INTEGER NOT NULL,
    status_5xx INTEGER NOT NULL,
    no_response INTEGER NOT NULL,
    latency TEXT NOT NULL,
    PRIMARY KEY (webhook_id, hour)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE endpoints (
    webhook_id TEXT PRIMARY KEY,
    last_success_at INTEGER,
    last_failure_at INTEGER,
    consecutive_failures INTEGER NOT NULL,
    failing_since INTEGER,
    failed_at INTEGER,
    warned_since INTEGER,
    warned_stage INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`;
