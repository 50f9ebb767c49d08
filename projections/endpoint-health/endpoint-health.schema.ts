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
    consecutive_failures INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`;
