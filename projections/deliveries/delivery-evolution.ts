import type { DeliveryEvent, DeliveryOrigin } from '../../modules/delivery/delivery.events.js';
import { UNOWNED } from '../../modules/delivery/due-deliveries.port.js';
import { epochMs, type ProjectedEvent } from '../runtime/projection.js';
import type { DeliveryRow } from './deliveries.schema.js';

type DataOf<Type extends DeliveryEvent['type']> = Extract<
  DeliveryEvent,
  { readonly type: Type }
>['data'];

/** An event of a delivery stream with its contract; unknown types are none. */
export function asDeliveryEvent(event: ProjectedEvent): DeliveryEvent {
  return event as unknown as DeliveryEvent;
}

/** What the delivery is about, if this is the first event of its stream. */
export function originOf(event: DeliveryEvent): DeliveryOrigin | undefined {
  return 'origin' in event.data ? event.data.origin : undefined;
}

/** The row of a delivery that nothing has happened to yet. `evolveRow` with its first event makes it whole. */
export function newRow(first: ProjectedEvent, origin: DeliveryOrigin): DeliveryRow {
  return {
    seq: first.position,
    id: first.key,
    webhook_id: origin.webhookId,
    registration: origin.registration,
    tenant_id: origin.tenantId,
    event_id: origin.eventId,
    event_type: origin.eventType,
    stream: origin.stream,
    revision: origin.revision,
    position: origin.position,
    occurred_at: epochMs(origin.occurredAt),
    created_at: first.createdAt,
    completed_at: null,
    status: 'scheduled',
    run: 1,
    attempt_count: 0,
    run_attempt_count: 0,
    stream_revision: first.revision,
    due_at: null,
    owner: '',
    needs: null,
    claim_id: null,
    lease_ms: null,
    order_policy: origin.order ?? null,
    order_revision: origin.order === undefined ? null : Number(origin.revision),
    order_due_at: null,
    last_status_code: null,
    last_error_class: null,
    dead_letter_reason: null,
    dead_letter_message: null,
  };
}

/**
 * Changes the row into what it is after the event: the state machine of a delivery, as its events tell it. An event of a
 * type that is not known changes nothing but the revision of the stream.
 *
 * ```
 *   scheduled ── claimed ──▶ attempting ── attempted ──▶ retrying ── claimed ──▶ attempting
 *   attempting ── postponed ──▶ scheduled | retrying, as before the claim
 *   any open state ── succeeded | dead-lettered | discarded ──▶ that state
 *   succeeded | dead-lettered | discarded ── replay requested ──▶ scheduled (a new run)
 * ```
 */
export function evolveRow(row: DeliveryRow, event: DeliveryEvent, revision: number): void {
  row.stream_revision = revision;
  switch (event.type) {
    case 'DeliveryScheduled':
      schedule(row, event.data);
      return;
    case 'DeliveryClaimed':
      row.status = 'attempting';
      row.due_at = null;
      row.claim_id = event.data.claimId;
      row.lease_ms = event.data.leaseMs;
      row.owner = event.data.owner;
      return;
    case 'DeliveryAttempted':
      attempted(row, event.data);
      return;
    case 'DeliveryPostponed':
      postponed(row, event.data);
      return;
    case 'DeliverySucceeded':
      end(row, 'succeeded', event.data.completedAt);
      return;
    case 'DeliveryDeadLettered':
      end(row, 'dead-lettered', event.data.completedAt);
      row.dead_letter_reason = event.data.reason;
      row.dead_letter_message = event.data.errorMessage;
      return;
    case 'DeliveryReplayRequested':
      replay(row, event.data);
      return;
    case 'DeliveryDiscarded':
      end(row, 'discarded', event.data.completedAt);
      return;
    default:
  }
}

function schedule(row: DeliveryRow, data: DataOf<'DeliveryScheduled'>): void {
  row.status = 'scheduled';
  becomeDue(row, data);
}

/** Whoever does not hold the code that the delivery needs cannot own its next attempt. */
function becomeDue(
  row: DeliveryRow,
  { dueAt, owner, needs }: DataOf<'DeliveryScheduled'> | DataOf<'DeliveryReplayRequested'>,
): void {
  row.due_at = epochMs(dueAt);
  row.owner = needs === undefined ? owner : UNOWNED;
  row.needs = needs ?? null;
}

/** A late attempt was made and is counted, but decides nothing: its run had ended, or somebody else had taken over. */
function attempted(row: DeliveryRow, data: DataOf<'DeliveryAttempted'>): void {
  row.attempt_count += 1;
  if (data.isLate) return;
  row.status = 'retrying';
  row.run_attempt_count += 1;
  row.due_at = data.nextAttemptAt === null ? null : epochMs(data.nextAttemptAt);
  row.owner = data.owner;
  row.claim_id = null;
  row.lease_ms = null;
  row.last_status_code = data.attempt.statusCode;
  row.last_error_class = data.attempt.errorClass;
}

/** Nothing was asked of the endpoint: as before, but due later, and nobody's turn yet. */
function postponed(row: DeliveryRow, data: DataOf<'DeliveryPostponed'>): void {
  row.status = row.run_attempt_count === 0 ? 'scheduled' : 'retrying';
  row.due_at = epochMs(data.dueAt);
  row.owner = data.owner;
  row.claim_id = null;
  row.lease_ms = null;
}

/** On an open run a request moves the due time, unless an attempt is under way; after a terminal event it opens a run. */
function replay(row: DeliveryRow, data: DataOf<'DeliveryReplayRequested'>): void {
  if (data.run > row.run) {
    row.run = data.run;
    row.run_attempt_count = 0;
    row.status = 'scheduled';
    row.completed_at = null;
    row.dead_letter_reason = null;
    row.dead_letter_message = null;
  } else if (row.status === 'attempting') {
    return;
  }
  becomeDue(row, data);
}

function end(
  row: DeliveryRow,
  status: 'succeeded' | 'dead-lettered' | 'discarded',
  completedAt: string,
): void {
  row.status = status;
  // Decided by a process and recorded by the store a moment later: a delivery never ends before it is there.
  row.completed_at = Math.max(epochMs(completedAt), row.created_at);
  row.due_at = null;
  row.needs = null;
  row.claim_id = null;
  row.lease_ms = null;
  row.dead_letter_reason = null;
  row.dead_letter_message = null;
}
