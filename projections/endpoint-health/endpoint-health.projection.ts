import type { Database, Statement } from 'better-sqlite3';
import type { AttemptRecord, DeliveryEvent } from '../../modules/delivery/delivery.events.js';
import type { EndpointEvent } from '../../modules/delivery/endpoint.events.js';
import type { EndpointStanding } from '../../modules/delivery/endpoint-standing.port.js';
import type { WebhookEvent } from '../../modules/registry/webhook.events.js';
import { DeliveryLookup } from '../deliveries/delivery-lookup.js';
import {
  type BatchNotes,
  epochMs,
  type ProjectedEvent,
  type Projection,
  type ProjectionBatch,
} from '../runtime/projection.js';
import { inserter } from '../runtime/row-writers.js';
import {
  ENDPOINT_HEALTH_DDL,
  ENDPOINT_HEALTH_TABLE_NAMES,
  type EndpointHourRow,
  type EndpointRow,
  standingOf,
} from './endpoint-health.schema.js';
import { hourOf } from './endpoint-hour.js';
import { LatencyHistogram } from './latency-histogram.js';

/**
 * How each endpoint fares, hour by hour. Only the first event of a delivery names its webhook; for the others it is noted
 * by `deliveries`, or taken from its tables. These may be ahead of this projection but never behind, and the webhook of a delivery
 * does not change, so what is read there is right whenever it is read.
 */
export const endpointHealthProjection: Projection = {
  name: 'endpoint-health',
  version: 2,
  tables: ENDPOINT_HEALTH_TABLE_NAMES,
  migrate(db) {
    db.exec(ENDPOINT_HEALTH_DDL);
  },
  prepare(db) {
    const tables = new EndpointTables(db);
    return (notes) => new EndpointHealthBatch(tables, notes);
  },
};

class EndpointTables {
  readonly deliveries: DeliveryLookup;
  readonly saveHour: (row: EndpointHourRow) => void;
  readonly saveEndpoint: (row: EndpointRow) => void;
  readonly #hour: Statement<[string, number], EndpointHourRow>;
  readonly #endpoint: Statement<[string], EndpointRow>;

  constructor(db: Database) {
    this.deliveries = new DeliveryLookup(db);
    this.saveHour = inserter(db, 'endpoint_hours', 'REPLACE');
    this.saveEndpoint = inserter(db, 'endpoints', 'REPLACE');
    this.#hour = db.prepare('SELECT * FROM endpoint_hours WHERE webhook_id = ? AND hour = ?');
    this.#endpoint = db.prepare('SELECT * FROM endpoints WHERE webhook_id = ?');
  }

  hour(webhookId: string, hour: number): EndpointHourRow {
    return this.#hour.get(webhookId, hour) ?? newHour(webhookId, hour);
  }

  endpoint(webhookId: string): EndpointRow {
    return (
      this.#endpoint.get(webhookId) ?? {
        webhook_id: webhookId,
        last_success_at: null,
        last_failure_at: null,
        consecutive_failures: 0,
        failing_since: null,
        failed_at: null,
        warned_since: null,
        warned_stage: 0,
      }
    );
  }
}

interface TouchedHour {
  readonly row: EndpointHourRow;
  readonly latency: LatencyHistogram;
}

class EndpointHealthBatch implements ProjectionBatch {
  readonly #tables: EndpointTables;
  readonly #notes: BatchNotes;
  readonly #hours = new Map<string, TouchedHour>();
  readonly #endpoints = new Map<string, EndpointRow>();

  constructor(tables: EndpointTables, notes: BatchNotes) {
    this.#tables = tables;
    this.#notes = notes;
  }

  apply(event: ProjectedEvent): void {
    if (event.topic === 'endpoint') evolveWarning(this.#endpointOf(event.key), event);
    else if (event.topic === 'webhook') this.#applyChange(event);
    else if (event.topic === 'delivery' && event.type === 'DeliveryAttempted')
      this.#attempted(event);
  }

  #attempted(event: ProjectedEvent): void {
    const { data } = event as unknown as Extract<DeliveryEvent, { type: 'DeliveryAttempted' }>;
    if (data.isUnsent) return; // nothing was asked of the endpoint
    const webhookId = data.origin?.webhookId ?? this.#webhookOf(event.key);
    if (webhookId === undefined) return; // purged: its beginning is not in the log any more
    const startedAt = epochMs(data.attempt.startedAt);
    const { row, latency } = this.#hourOf(webhookId, startedAt);
    countAttempt(row, data.attempt);
    latency.add(data.attempt.timings.totalMs);
    const isSuccess = data.attempt.errorClass === null;
    evolveEndpoint(this.#endpointOf(webhookId), startedAt, event.createdAt, isSuccess);
  }

  /** Whoever resumes a webhook, or gives it another URL, lets it begin anew. */
  #applyChange(event: ProjectedEvent): void {
    if (!isNewBeginning(event)) return;
    const row = this.#endpointOf(event.key);
    row.failing_since = null;
    row.failed_at = null;
    row.warned_since = null;
    row.warned_stage = 0;
  }

  /** @returns how the endpoints stand that fail, or were said to */
  flush(): readonly EndpointStanding[] {
    for (const { row, latency } of this.#hours.values()) {
      row.latency = latency.toJson();
      this.#tables.saveHour(row);
    }
    const standings: EndpointStanding[] = [];
    for (const row of this.#endpoints.values()) {
      this.#tables.saveEndpoint(row);
      if (row.failing_since !== null || row.warned_since !== null) standings.push(standingOf(row));
    }
    return standings;
  }

  #webhookOf(deliveryId: string): string | undefined {
    const noted = this.#notes.webhookOf.get(deliveryId);
    return noted ?? this.#tables.deliveries.find(deliveryId)?.webhook_id;
  }

  #hourOf(webhookId: string, startedAt: number): TouchedHour {
    const hour = hourOf(startedAt);
    const key = `${hour}:${webhookId}`;
    let touched = this.#hours.get(key);
    if (!touched) {
      const row = this.#tables.hour(webhookId, hour);
      touched = { row, latency: LatencyHistogram.of(row.latency) };
      this.#hours.set(key, touched);
    }
    return touched;
  }

  #endpointOf(webhookId: string): EndpointRow {
    let row = this.#endpoints.get(webhookId);
    if (!row) {
      row = this.#tables.endpoint(webhookId);
      this.#endpoints.set(webhookId, row);
    }
    return row;
  }
}

function newHour(webhookId: string, hour: number): EndpointHourRow {
  return {
    webhook_id: webhookId,
    hour,
    attempts: 0,
    successes: 0,
    status_2xx: 0,
    status_3xx: 0,
    status_4xx: 0,
    status_5xx: 0,
    no_response: 0,
    latency: '{}',
  };
}

function countAttempt(row: EndpointHourRow, { statusCode, errorClass }: AttemptRecord): void {
  row.attempts += 1;
  if (errorClass === null) row.successes += 1;
  row[classOf(statusCode)] += 1;
}

function classOf(
  statusCode: number | null,
): 'status_2xx' | 'status_3xx' | 'status_4xx' | 'status_5xx' | 'no_response' {
  if (statusCode === null || statusCode < 200) return 'no_response';
  if (statusCode < 300) return 'status_2xx';
  if (statusCode < 400) return 'status_3xx';
  return statusCode < 500 ? 'status_4xx' : 'status_5xx';
}

function evolveEndpoint(
  row: EndpointRow,
  startedAt: number,
  recordedAt: number,
  isSuccess: boolean,
): void {
  if (isSuccess) {
    row.last_success_at = Math.max(row.last_success_at ?? 0, startedAt);
    row.consecutive_failures = 0;
    row.failing_since = null;
    row.failed_at = null;
  } else {
    row.last_failure_at = Math.max(row.last_failure_at ?? 0, startedAt);
    row.consecutive_failures += 1;
    row.failing_since ??= recordedAt;
    row.failed_at = recordedAt;
  }
}

function evolveWarning(row: EndpointRow, event: ProjectedEvent): void {
  const { data, type } = event as unknown as EndpointEvent;
  if (type === 'EndpointFailing') {
    row.warned_since = epochMs(data.failingSince);
    row.warned_stage = data.stage;
  } else {
    row.warned_since = null;
    row.warned_stage = 0;
  }
}

function isNewBeginning(event: ProjectedEvent): boolean {
  const { data, type } = event as unknown as WebhookEvent;
  if (type === 'WebhookChanged') return data.changes.some(({ field }) => field === 'url');
  return type === 'WebhookResumed' || type === 'WebhookRegistered';
}
