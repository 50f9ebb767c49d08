import { type Compilable, expressionBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { readModel, type ReadModelDatabase } from '../database.js';
import type { DeliveryRow } from './deliveries.schema.js';
import { lookupKey } from './delivery-lookup.js';
import { type Condition, planOf, type SearchPlan } from './delivery-plan.js';
import type { DeliverySearch } from './delivery-search.js';

/** A stretch of the list by `seq`. */
export interface SeqRange {
  /** Exclusive. */
  readonly below: number | undefined;
  /** Inclusive. */
  readonly atLeast: number | undefined;
}

type SeqColumn = 'deliveries.seq' | 'delivery_lookups.delivery_seq';
type Way<Columns = object> = SelectQueryBuilder<ReadModelDatabase, 'deliveries', Columns>;

const eb = expressionBuilder<ReadModelDatabase, 'deliveries'>();

/**
 * The list of one search, newest first, as queries. Each takes one way into one index, in the order of `seq`, and stops
 * when it has enough: nothing is sorted, and nothing is read that is not on the way.
 */
export class DeliveryListing {
  readonly #search: DeliverySearch;
  readonly #plan: SearchPlan;

  constructor(search: DeliverySearch) {
    this.#search = search;
    this.#plan = planOf(search);
  }

  /** Whether much may lie on the way that was not asked for. */
  get isSieved(): boolean {
    return this.#plan.others.length > 0;
  }

  rows(range: SeqRange, limit: number): Compilable<DeliveryRow> {
    const conditions = [...this.#plan.others, ...this.#created()];
    return this.#merged(range, conditions, (way) => way.selectAll('deliveries')).limit(limit);
  }

  /** The delivery that lies `distance` deliveries down the way, asked for or not; no row when the way ends before. */
  milestone(range: SeqRange, distance: number): Compilable<{ readonly seq: number }> {
    return this.#merged(range, [], (way) => way.select('deliveries.seq'))
      .limit(1)
      .offset(distance);
  }

  #merged<Columns>(
    range: SeqRange,
    conditions: readonly Condition[],
    select: (way: Way) => Way<Columns>,
  ): Way<Columns> {
    const { way } = this.#plan;
    if ('lookup' in way) {
      const within = this.#within(range, 'delivery_lookups.delivery_seq');
      const found = lookedUp(lookupKey(way.lookup, way.text));
      return select(all(found, [...within, way.isMeant, ...conditions]));
    }
    const within = this.#within(range, 'deliveries.seq');
    return way.stretches
      .map((stretch) =>
        all(readModel.selectFrom('deliveries'), [...stretch, ...within, ...conditions]),
      )
      .map(select)
      .reduce((merged, next) => merged.unionAll(next))
      .orderBy('seq', 'desc');
  }

  /** The range, narrowed by the segments that may hold deliveries of the times that are asked for. */
  #within({ below, atLeast }: SeqRange, column: SeqColumn): readonly Condition[] {
    const { from, to } = this.#search;
    const seq = sql.ref<number>(column);
    const segments = readModel.selectFrom('delivery_segments as s');
    return [
      ...(below === undefined ? [] : [eb(seq, '<', below)]),
      ...(atLeast === undefined ? [] : [eb(seq, '>=', atLeast)]),
      ...(from === undefined
        ? []
        : [
            eb(
              seq,
              '>=',
              segments
                .where('s.latest_created_at', '>=', from)
                .select((s) => s.fn.min<number>('s.first_seq').as('seq')),
            ),
          ]),
      ...(to === undefined
        ? []
        : [
            eb(
              seq,
              '<=',
              segments
                .where('s.earliest_created_at', '<', to)
                .select((s) => s.fn.max<number>('s.last_seq').as('seq')),
            ),
          ]),
    ];
  }

  #created(): readonly Condition[] {
    const { from, to } = this.#search;
    return [
      ...(from === undefined ? [] : [eb('deliveries.created_at', '>=', from)]),
      ...(to === undefined ? [] : [eb('deliveries.created_at', '<', to)]),
    ];
  }
}

function all<Columns>(way: Way<Columns>, conditions: readonly Condition[]): Way<Columns> {
  return conditions.reduce((found, condition) => found.where(condition), way);
}

/** Deliveries by a key, segment by segment. A cross join is never reordered, so they come newest first unsorted. */
function lookedUp(key: number): Way {
  return readModel
    .selectFrom('delivery_segments')
    .crossJoin('delivery_lookups')
    .crossJoin('deliveries')
    .whereRef('delivery_lookups.segment', '=', 'delivery_segments.segment')
    .where('delivery_lookups.key', '=', key)
    .whereRef('deliveries.seq', '=', 'delivery_lookups.delivery_seq')
    .orderBy('delivery_segments.segment', 'desc')
    .orderBy('delivery_lookups.delivery_seq', 'desc');
}
