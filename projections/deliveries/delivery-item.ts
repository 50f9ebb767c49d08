import type { DeliveryStatus } from '../../modules/delivery/delivery.events.js';
import type { DeliveryRow } from './deliveries.schema.js';

/** A delivery as a list shows it. Times are ISO 8601 in UTC. */
export interface DeliveryItem {
  readonly id: string;
  readonly webhookId: string;
  readonly tenantId: string | null;
  readonly eventId: string;
  readonly eventType: string;
  /** Source stream of the event. */
  readonly stream: string;
  /** Revision of the event in its stream, decimal. */
  readonly revision: string;
  /** Position of the event in the log, decimal. */
  readonly position: string;
  readonly status: DeliveryStatus;
  /** Attempts made over all runs. */
  readonly attemptCount: number;
  /** When the next attempt is due; `null` while one is under way, while it waits in order, and when there is none. */
  readonly nextAttemptAt: string | null;
  /** Whether an earlier delivery of its stream has to end first, because its webhook keeps the order. */
  readonly isWaitingInOrder: boolean;
  /** What the last attempt was answered with; `null` when there was no answer, or no attempt. */
  readonly lastStatusCode: number | null;
  /** What was wrong with the last attempt; `null` when nothing was, or there was none. */
  readonly lastErrorClass: string | null;
  /** When the first event of the delivery was recorded. */
  readonly createdAt: string;
  /** When its last run ended; `null` while it is open. */
  readonly completedAt: string | null;
}

export function toItem(row: DeliveryRow): DeliveryItem {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    tenantId: row.tenant_id,
    eventId: row.event_id,
    eventType: row.event_type,
    stream: row.stream,
    revision: row.revision,
    position: row.position,
    status: row.status,
    attemptCount: row.attempt_count,
    nextAttemptAt: isoOrNull(row.due_at),
    isWaitingInOrder: row.order_due_at !== null && row.due_at === null,
    lastStatusCode: row.last_status_code,
    lastErrorClass: row.last_error_class,
    createdAt: iso(row.created_at),
    completedAt: isoOrNull(row.completed_at),
  };
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function isoOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : iso(epochMs);
}
