import { Injectable } from '@nestjs/common';
import type { KnownDeliveries } from '../../modules/reconciler/known-deliveries.port.js';
import { readModel } from '../database.js';
import { ReadModels } from '../runtime/read-models.js';
import { lookupKey } from './delivery-lookup.js';

/** Ids in one query. */
const IDS_AT_ONCE = 200;

/** Tells from this instance's read model which deliveries there are. */
@Injectable()
export class KnownDeliveriesAdapter implements KnownDeliveries {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  async among({
    deliveryIds,
    recordedAbove,
    recordedUpTo,
  }: Parameters<KnownDeliveries['among']>[0]): Promise<ReadonlySet<string>> {
    await this.#readModels.waitFor(recordedUpTo);
    const known = new Set<string>();
    for (let from = 0; from < deliveryIds.length; from += IDS_AT_ONCE) {
      const ids = deliveryIds.slice(from, from + IDS_AT_ONCE);
      for (const { id } of await this.#readModels.query(knownAmong(ids, recordedAbove))) {
        known.add(id);
      }
    }
    return known;
  }
}

/** Only the segments that may hold them are asked: those of what is observed now are the newest one or two. */
function knownAmong(ids: readonly string[], recordedAbove: bigint) {
  return readModel
    .selectFrom('delivery_segments')
    .crossJoin('delivery_lookups')
    .crossJoin('deliveries')
    .whereRef('delivery_lookups.segment', '=', 'delivery_segments.segment')
    .where(
      'delivery_lookups.key',
      'in',
      ids.map((id) => lookupKey('id', id)),
    )
    .whereRef('deliveries.seq', '=', 'delivery_lookups.delivery_seq')
    .where('deliveries.id', 'in', ids)
    .where('delivery_segments.last_seq', '>', Number(recordedAbove))
    .select('deliveries.id');
}
