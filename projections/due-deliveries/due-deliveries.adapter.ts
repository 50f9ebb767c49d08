import { Injectable } from '@nestjs/common';
import { map } from 'rxjs';
import type {
  ClaimedDelivery,
  DueChange,
  DueDeliveries,
  DueDelivery,
  OthersPage,
  OthersQuery,
} from '../../modules/delivery/due-deliveries.port.js';
import { UNOWNED } from '../../modules/delivery/due-deliveries.port.js';
import { readModel } from '../database.js';
import { ReadModels } from '../runtime/read-models.js';
import type { DueChanges } from './due-changes.js';
import { dueByOwner, type DueOfOwner, wantedBefore, wantedBehind } from './due-of-others.js';

const NOTHING: DueChanges = { due: [], claimed: [], settled: [], ended: [] };

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
        const { due, claimed, settled, ended } = (output as DueChanges | undefined) ?? NOTHING;
        return { due, claimed, settled, ended, position };
      }),
    );
  }

  earliest(): Promise<readonly DueChange[]> {
    return this.#readModels.query(
      readModel
        .selectFrom('deliveries')
        .where('due_at', 'is not', null)
        .groupBy(['webhook_id', 'owner'])
        .select([
          'webhook_id as webhookId',
          'owner',
          ({ fn }) => fn.min<number>('due_at').as('dueAt'),
        ]),
    );
  }

  async page(query: {
    readonly webhookId: string;
    readonly owner?: string;
    readonly limit: number;
    readonly except?: ReadonlySet<string>;
  }): Promise<readonly DueDelivery[]> {
    const { webhookId, owner, limit, except } = query;
    const rows = await this.#readModels.query(
      readModel
        .selectFrom('deliveries')
        .where('webhook_id', '=', webhookId)
        .$if(owner !== undefined, (found) => found.where('owner', '=', owner ?? UNOWNED))
        .where('due_at', 'is not', null)
        .orderBy('due_at')
        // Who is left out may be among the first: so many more are asked for, and no query grows with the set.
        .limit(limit + (except?.size ?? 0))
        .select([
          'id as deliveryId',
          'webhook_id as webhookId',
          (eb) => eb.ref('due_at').$notNull().as('dueAt'),
        ]),
    );
    return without(rows, except).slice(0, limit);
  }

  async others(query: OthersQuery): Promise<OthersPage> {
    const owners = await this.#readModels.query(dueByOwner(query));
    const isAnyWanted = owners.some(({ isWanted }) => isWanted === 1);
    return {
      deliveries: isAnyWanted ? await this.#wanted(query) : [],
      isAnyWanted,
      nextOwnedDueAt: nextOf(owners.filter(({ owner }) => owner !== UNOWNED)),
      nextUnownedDueAt: nextOf(owners.filter(({ owner }) => owner === UNOWNED)),
    };
  }

  async claimed(query: {
    readonly limit: number;
    readonly afterId?: string;
  }): Promise<readonly ClaimedDelivery[]> {
    const { limit, afterId } = query;
    return this.#readModels.query(
      readModel
        .selectFrom('deliveries')
        .where('claim_id', 'is not', null)
        .$if(afterId !== undefined, (found) => found.where('id', '>', afterId ?? ''))
        .orderBy('id')
        .limit(limit)
        .select([
          'id as deliveryId',
          'webhook_id as webhookId',
          (eb) => eb.ref('claim_id').$notNull().as('claimId'),
          'owner',
          (eb) => eb.ref('lease_ms').$notNull().as('leaseMs'),
        ]),
    );
  }

  /** From `afterId` to the greatest id, and, while there is room on the page, on from the smallest. */
  async #wanted(query: OthersQuery): Promise<readonly DueDelivery[]> {
    const { except, limit } = query;
    const most = limit + except.size;
    const behind = await this.#readModels.query(wantedBehind(query, most));
    const rows = without(behind, except);
    if (rows.length >= limit || behind.length >= most) return rows.slice(0, limit);
    const before = await this.#readModels.query(wantedBefore(query, most));
    return [...rows, ...without(before, except)].slice(0, limit);
  }
}

function without(
  rows: readonly DueDelivery[],
  except: ReadonlySet<string> | undefined,
): readonly DueDelivery[] {
  return except ? rows.filter(({ deliveryId }) => !except.has(deliveryId)) : rows;
}

function nextOf(owners: readonly DueOfOwner[]): number | null {
  const times = owners.flatMap(({ nextDueAt }) => nextDueAt ?? []);
  return times.length > 0 ? Math.min(...times) : null;
}
