import type { Database } from 'better-sqlite3';
import type { DeliveryEvent } from '../../modules/delivery/delivery.events.js';
import { epochMs } from '../runtime/projection.js';
import { inserter } from '../runtime/row-writers.js';
import type { AttemptRow, DecisionRow } from './deliveries.schema.js';

type EventOf<Type extends DeliveryEvent['type']> = Extract<DeliveryEvent, { readonly type: Type }>;

/** Where an event stands in the log, and the delivery it is about. */
interface Place {
  readonly seq: number;
  readonly delivery_seq: number;
}

/** Keeps what an event tells beyond the state of its delivery: each attempt, and what was decided, by whom and why. */
export class DeliveryHistory {
  readonly #insertAttempt: (row: AttemptRow) => void;
  readonly #insertDecision: (row: DecisionRow) => void;

  constructor(db: Database) {
    this.#insertAttempt = inserter(db, 'delivery_attempts');
    this.#insertDecision = inserter(db, 'delivery_decisions');
  }

  record(place: Place, event: DeliveryEvent): void {
    if (event.type === 'DeliveryAttempted') {
      this.#insertAttempt(attemptOf(place, event));
      return;
    }
    const decision = decisionOf(event);
    if (decision) this.#insertDecision({ ...place, ...NOTHING_DECIDED, ...decision });
  }
}

function attemptOf(place: Place, { data }: EventOf<'DeliveryAttempted'>): AttemptRow {
  const { attempt } = data;
  const { timings } = attempt;
  return {
    seq: place.seq,
    delivery_seq: place.delivery_seq,
    number: data.number,
    run: data.run,
    trigger: data.trigger,
    url: attempt.url,
    started_at: epochMs(attempt.startedAt),
    dns_ms: timings.dnsMs,
    connect_ms: timings.connectMs,
    tls_ms: timings.tlsMs,
    first_byte_ms: timings.firstByteMs,
    body_ms: timings.bodyMs,
    total_ms: timings.totalMs,
    status_code: attempt.statusCode,
    error_class: attempt.errorClass,
    error_message: attempt.errorMessage,
    remote_address: attempt.remoteAddress,
    response_headers:
      attempt.responseHeaders === null ? null : JSON.stringify(attempt.responseHeaders),
    response_body: attempt.responseBody,
    is_response_truncated: attempt.isResponseTruncated ? 1 : 0,
    next_attempt_at: data.nextAttemptAt === null ? null : epochMs(data.nextAttemptAt),
    is_late: data.isLate ? 1 : 0,
  };
}

type Decision = Omit<DecisionRow, keyof Place>;

const NOTHING_DECIDED = {
  decided_by: null,
  reason: null,
  message: null,
  due_at: null,
  replay_id: null,
};

function decisionOf(
  event: DeliveryEvent,
): (Pick<Decision, 'kind' | 'run' | 'decided_at'> & Partial<Decision>) | undefined {
  switch (event.type) {
    case 'DeliveryDeadLettered': {
      const { run, completedAt, reason, errorMessage } = event.data;
      const decided_at = epochMs(completedAt);
      return { kind: 'dead-lettered', run, decided_at, reason, message: errorMessage };
    }
    case 'DeliveryReplayRequested': {
      const { run, dueAt, requestedAt, requestedBy, reason, replayId } = event.data;
      return {
        kind: 'replay-requested',
        run,
        decided_at: epochMs(requestedAt),
        decided_by: requestedBy,
        reason,
        due_at: epochMs(dueAt),
        replay_id: replayId ?? null,
      };
    }
    case 'DeliveryDiscarded': {
      const { run, completedAt, discardedBy, reason } = event.data;
      const decided_at = epochMs(completedAt);
      return { kind: 'discarded', run, decided_at, decided_by: discardedBy, reason };
    }
    case 'DeliveryPostponed': {
      const { run, dueAt, errorMessage, postponedAt, reason } = event.data;
      const decided_at = epochMs(postponedAt);
      const due_at = epochMs(dueAt);
      return { kind: 'postponed', run, decided_at, reason, message: errorMessage, due_at };
    }
    case 'DeliveryScheduled':
    case 'DeliveryClaimed':
    case 'DeliveryAttempted':
    case 'DeliverySucceeded':
    default:
      return undefined;
  }
}
