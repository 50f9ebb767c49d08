import { Injectable } from '@nestjs/common';
import { readModel } from '../database.js';
import {
  DEFAULT_LIMIT,
  decodeCursor,
  encodeCursor,
  limitProblems,
  type PageRequest,
  refuseIfAny,
} from '../runtime/page.js';
import { ReadModels } from '../runtime/read-models.js';
import type { DeliveryRow } from './deliveries.schema.js';
import { DeliveryListing } from './delivery-listing.js';
import { compact, type DeliverySearch, searchProblems } from './delivery-search.js';

/** Deliveries that one page looks at, if most of them are not what was asked for. */
const MOST_LOOKED_AT = 50_000;

/** Parts of a search that the exact counts are kept for. */
const COUNTED = ['webhookId', 'tenantId', 'statuses'];

export interface DeliveryRowsPage {
  readonly rows: readonly DeliveryRow[];
  readonly nextCursor: string | null;
  readonly total?: number;
}

/**
 * Pages of deliveries, newest first.
 *
 * A page never costs more than a bounded amount of work. Where a search combines parts that no index holds together, and
 * little of what lies on the way is asked for, a page may end before it is full: `nextCursor` then goes on from there, and
 * only a `nextCursor` of `null` says that there is no more.
 */
@Injectable()
export class DeliveryPages {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  /**
   * @param query name of the query: a cursor of one is refused by another
   * @param mostLookedAt deliveries that a page looks at before it ends, full or not
   * @throws PosthornError `PSH_PROJECTION_QUERY_INVALID`, `PSH_PROJECTION_CURSOR_INVALID`
   */
  async page(
    query: string,
    asked: DeliverySearch,
    { limit = DEFAULT_LIMIT, cursor }: PageRequest,
    mostLookedAt = MOST_LOOKED_AT,
  ): Promise<DeliveryRowsPage> {
    const search = compact(asked);
    refuseIfAny([...searchProblems(search), ...limitProblems(limit)]);
    const below = cursor === undefined ? undefined : Number(decodeCursor(cursor, query, search));
    const listing = new DeliveryListing(search);
    const atLeast = await this.#lastLookedAt(listing, below, mostLookedAt);
    const found = await this.#readModels.query(listing.rows({ below, atLeast }, limit + 1));
    const rows = found.slice(0, limit);
    const next = found.length > limit ? rows.at(-1)?.seq : atLeast;
    const total = await this.#total(search);
    return {
      rows,
      nextCursor: next === undefined ? null : encodeCursor(next, query, search),
      ...(total === undefined ? {} : { total }),
    };
  }

  /** How many deliveries there are; exact. @returns `undefined` where no count is kept */
  async #total(search: DeliverySearch): Promise<number | undefined> {
    if (Object.keys(search).some((part) => !COUNTED.includes(part))) return undefined;
    const { webhookId, tenantId, statuses } = search;
    const [row] = await this.#readModels.query(
      readModel
        .selectFrom('delivery_counts')
        .$if(webhookId !== undefined, (counts) => counts.where('webhook_id', '=', webhookId ?? ''))
        .$if(tenantId !== undefined, (counts) => counts.where('tenant_id', '=', tenantId ?? ''))
        .$if(statuses !== undefined, (counts) => counts.where('status', 'in', statuses ?? []))
        .select(({ fn }) => fn.sum<number | null>('count').as('total')),
    );
    return row?.total ?? 0;
  }

  async #lastLookedAt(
    listing: DeliveryListing,
    below: number | undefined,
    mostLookedAt: number,
  ): Promise<number | undefined> {
    if (!listing.isSieved) return undefined;
    const [row] = await this.#readModels.query(
      listing.milestone({ below, atLeast: undefined }, mostLookedAt - 1),
    );
    return row?.seq;
  }
}
