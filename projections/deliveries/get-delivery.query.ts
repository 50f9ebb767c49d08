import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { SelectQueryBuilder } from 'kysely';
import type {
  AttemptTimings,
  AttemptTrigger,
  DeadLetterReason,
} from '../../modules/delivery/delivery.events.js';
import { readModel, type ReadModelDatabase } from '../database.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import type { AttemptRow, DecisionRow, DeliveryRow } from './deliveries.schema.js';
import { type DeliveryItem, iso, isoOrNull, toItem } from './delivery-item.js';
import { lookupKey } from './delivery-lookup.js';

/** One attempt of a delivery. Times are ISO 8601 in UTC. */
export interface AttemptItem {
  /** 1 for the first attempt of the delivery, counted over all runs. */
  readonly number: number;
  readonly run: number;
  readonly trigger: AttemptTrigger;
  readonly url: string;
  readonly startedAt: string;
  readonly timings: AttemptTimings;
  readonly statusCode: number | null;
  readonly errorClass: string | null;
  readonly errorMessage: string | null;
  readonly remoteAddress: string | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: string | null;
  readonly isResponseTruncated: boolean;
  readonly nextAttemptAt: string | null;
  /** Recorded because it was made, deciding nothing: its run had ended, or somebody else had taken over. */
  readonly isLate: boolean;
}

/** Something that was decided about a delivery besides its attempts. */
export interface DecisionItem {
  readonly kind: DecisionRow['kind'];
  readonly run: number;
  readonly at: string;
  /** Who decided; `null` when the delivery ended by itself. */
  readonly by: string | null;
  readonly reason: string | null;
  /** Message of the error that made it a dead letter, or put it off. */
  readonly errorMessage: string | null;
  /** When a replay was asked to be due, or what was put off is. */
  readonly dueAt: string | null;
  /** Bulk replay that asked for it. */
  readonly replayId: string | null;
}

export interface DeliveryDetails extends DeliveryItem {
  /** Grows with each registration of the webhook's id after a removal. */
  readonly registration: number;
  /** When the event was recorded. */
  readonly occurredAt: string;
  /** Grows with each replay after an end. */
  readonly run: number;
  readonly runAttemptCount: number;
  /** Why its last run ended as a dead letter; `null` when it did not. */
  readonly deadLetterReason: DeadLetterReason | null;
  /** Digest of the definition whose code it waits for. */
  readonly needs: string | null;
  /** In the order in which they were made. */
  readonly attempts: readonly AttemptItem[];
  /** In the order in which they were made. */
  readonly decisions: readonly DecisionItem[];
}

/**
 * One delivery with everything that happened to it; `null` when there is none with this id.
 *
 * @throws PosthornError `PSH_PROJECTION_LAGGING` when `minPosition` is not reached in time
 */
export class GetDelivery extends Query<DeliveryDetails | null> {
  readonly deliveryId: string;
  readonly options: Freshness;

  constructor(deliveryId: string, options: Freshness = {}) {
    super();
    this.deliveryId = deliveryId;
    this.options = options;
  }
}

@QueryHandler(GetDelivery)
export class GetDeliveryHandler implements IQueryHandler<GetDelivery> {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  async execute({ deliveryId, options }: GetDelivery): Promise<DeliveryDetails | null> {
    await this.#readModels.fresh(options);
    const seq = seqOf(deliveryId);
    const [[row], attempts, decisions] = await this.#readModels.queryTogether<
      [DeliveryRow, AttemptRow, DecisionRow]
    >([
      readModel.selectFrom('deliveries').selectAll().where('seq', '=', seq),
      readModel
        .selectFrom('delivery_attempts')
        .selectAll()
        .where('delivery_seq', '=', seq)
        .orderBy('number'),
      readModel
        .selectFrom('delivery_decisions')
        .selectAll()
        .where('delivery_seq', '=', seq)
        .orderBy('seq'),
    ]);
    return row ? toDetails(row, attempts, decisions) : null;
  }
}

type SeqQuery = SelectQueryBuilder<ReadModelDatabase, 'deliveries', { seq: number }>;

/** The `seq` of the delivery with this id, as a subquery: newest segment first, and no further than need be. */
export function seqOf(deliveryId: string): SeqQuery {
  return readModel
    .selectFrom('delivery_segments')
    .crossJoin('delivery_lookups')
    .crossJoin('deliveries as d')
    .whereRef('delivery_lookups.segment', '=', 'delivery_segments.segment')
    .where('delivery_lookups.key', '=', lookupKey('id', deliveryId))
    .whereRef('d.seq', '=', 'delivery_lookups.delivery_seq')
    .where('d.id', '=', deliveryId)
    .select('d.seq')
    .orderBy('delivery_segments.segment', 'desc')
    .limit(1) as unknown as SeqQuery;
}

function toDetails(
  row: DeliveryRow,
  attempts: readonly AttemptRow[],
  decisions: readonly DecisionRow[],
): DeliveryDetails {
  return {
    ...toItem(row),
    registration: row.registration,
    occurredAt: iso(row.occurred_at),
    run: row.run,
    runAttemptCount: row.run_attempt_count,
    deadLetterReason: row.dead_letter_reason,
    needs: row.needs,
    attempts: attempts.map(toAttempt),
    decisions: decisions.map(toDecision),
  };
}

function toAttempt(row: AttemptRow): AttemptItem {
  return {
    number: row.number,
    run: row.run,
    trigger: row.trigger,
    url: row.url,
    startedAt: iso(row.started_at),
    timings: {
      dnsMs: row.dns_ms,
      connectMs: row.connect_ms,
      tlsMs: row.tls_ms,
      firstByteMs: row.first_byte_ms,
      bodyMs: row.body_ms,
      totalMs: row.total_ms,
    },
    statusCode: row.status_code,
    errorClass: row.error_class,
    errorMessage: row.error_message,
    remoteAddress: row.remote_address,
    responseHeaders:
      row.response_headers === null
        ? null
        : (JSON.parse(row.response_headers) as Record<string, string>),
    responseBody: row.response_body,
    isResponseTruncated: row.is_response_truncated === 1,
    nextAttemptAt: isoOrNull(row.next_attempt_at),
    isLate: row.is_late === 1,
  };
}

function toDecision(row: DecisionRow): DecisionItem {
  return {
    kind: row.kind,
    run: row.run,
    at: iso(row.decided_at),
    by: row.decided_by,
    reason: row.reason,
    errorMessage: row.message,
    dueAt: isoOrNull(row.due_at),
    replayId: row.replay_id,
  };
}
