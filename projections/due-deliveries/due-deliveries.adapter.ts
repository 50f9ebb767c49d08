import { Injectable } from '@nestjs/common';
import { map } from 'rxjs';
import type {
  ClaimedDelivery,
  DueChange,
  DueDeliveries,
  DueDelivery,
} from '../../modules/delivery/due-deliveries.port.js';
import { readModel } from '../database.js';
import { ReadModels } from '../runtime/read-models.js';
import type { ClaimedRow, DueChanges } from './due-changes.js';

const NOTHING: DueChanges = { due: [], claimed: [] };

const STATE = [
  'id as deliveryId',
  'webhook_id as webhookId',
  'run',
  'attempt_count as attemptCount',
  'run_attempt_count as runAttemptCount',
  'stream_revision as streamRevision',
  'owner',
  'needs',
] as const;

/**
 * The due index of this instance: the open deliveries in the tables of `deliveries`, through indexes that hold nothing
 * else.
 */
@Injectable()
export class DueDeliveriesAdapter implements DueDeliveries {
  readonly #readModels: ReadModels;
  readonly changes: DueDeliveries['changes'];

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
    this.changes = readModels.changesOf('deliveries').pipe(
      map(({ position, output }) => {
        const { due, claimed } = (output as DueChanges | undefined) ?? NOTHING;
        return { due, claimed: claimed.map(toClaimed), position };
      }),
    );
  }

  earliest(): Promise<readonly DueChange[]> {
    return this.#readModels.query(
      readModel
        .selectFrom('deliveries')
        .where('due_at', 'is not', null)
        .groupBy('webhook_id')
        .select(['webhook_id as webhookId', ({ fn }) => fn.min<number>('due_at').as('dueAt')]),
    );
  }

  async page(query: {
    readonly webhookId: string;
    readonly dueBefore: number;
    readonly limit: number;
    readonly except?: ReadonlySet<string>;
  }): Promise<readonly DueDelivery[]> {
    const { webhookId, dueBefore, limit, except } = query;
    const rows = await this.#readModels.query(
      readModel
        .selectFrom('deliveries')
        .where('webhook_id', '=', webhookId)
        .where('due_at', '<=', dueBefore)
        .orderBy('due_at')
        // Who is left out may be among the first: so many more are asked for, and no query grows with the set.
        .limit(limit + (except?.size ?? 0))
        .select([...STATE, (eb) => eb.ref('due_at').$notNull().as('dueAt')]),
    );
    return rows
      .filter(({ deliveryId }) => !except?.has(deliveryId))
      .slice(0, limit)
      .map((row) => ({ ...row, streamRevision: BigInt(row.streamRevision) }));
  }

  async claimed(query: {
    readonly limit: number;
    readonly afterId?: string;
  }): Promise<readonly ClaimedDelivery[]> {
    const { limit, afterId } = query;
    const rows = await this.#readModels.query(
      readModel
        .selectFrom('deliveries')
        .where('claim_id', 'is not', null)
        .$if(afterId !== undefined, (found) => found.where('id', '>', afterId ?? ''))
        .orderBy('id')
        .limit(limit)
        .select([
          ...STATE,
          (eb) => eb.ref('claim_id').$notNull().as('claimId'),
          (eb) => eb.ref('lease_ms').$notNull().as('leaseMs'),
        ]),
    );
    return rows.map(toClaimed);
  }
}

function toClaimed(row: ClaimedRow): ClaimedDelivery {
  return { ...row, streamRevision: BigInt(row.streamRevision) };
}
