import { type Expression, expressionBuilder, sql, type SqlBool } from 'kysely';
import type { ReadModelDatabase } from '../database.js';
import type { DeliveryRow } from './deliveries.schema.js';
import type { LookupKind } from './delivery-lookup.js';
import { DELIVERY_STATUSES, type DeliverySearch } from './delivery-search.js';

export type Condition = Expression<SqlBool>;

/** How the deliveries of a search are found. */
export interface SearchPlan {
  /** The one way in: by text, through the segments; or stretches of an index, each in order, to be merged. */
  readonly way:
    | { readonly lookup: LookupKind; readonly text: string; readonly isMeant: Condition }
    | { readonly stretches: readonly (readonly Condition[])[] };
  /** What must hold of each delivery that is found there. */
  readonly others: readonly Condition[];
}

const eb = expressionBuilder<ReadModelDatabase, 'deliveries'>();

/** The column and the value of each part that a search may have. */
const PARTS = {
  eventId: 'event_id',
  stream: 'stream',
  webhookId: 'webhook_id',
  tenantId: 'tenant_id',
  statuses: 'status',
  statusCode: 'last_status_code',
  eventType: 'event_type',
} as const satisfies Partial<Record<keyof DeliverySearch, keyof DeliveryRow>>;

type Part = keyof typeof PARTS;

/** Parts whose index is ordered by status within. */
const WITH_STATUS: readonly Part[] = ['webhookId', 'tenantId', 'statuses'];

/**
 * Chooses the way in by what is sure to be rare: an event or a stream, then a webhook or a tenant, then a status in which
 * few deliveries stay. Decided here because the database does not know how the values are spread.
 */
export function planOf(search: DeliverySearch): SearchPlan {
  const lead = leadOf(search);
  if (lead === undefined) return { way: { stretches: [[]] }, others: [] };
  if (lead === 'eventId' || lead === 'stream') {
    const { eventId, stream } = search;
    const way =
      eventId === undefined
        ? byText('stream', 'deliveries.stream', stream ?? '')
        : byText('event', 'deliveries.event_id', eventId);
    return { way, others: conditionsOf(search, [lead]) };
  }
  if (!WITH_STATUS.includes(lead)) {
    return { way: { stretches: [only(search, lead)] }, others: conditionsOf(search, [lead]) };
  }
  const first = lead === 'statuses' ? [] : only(search, lead);
  const stretches = (search.statuses ?? DELIVERY_STATUSES).map((status) => [
    ...first,
    eb('deliveries.status', '=', status),
  ]);
  return { way: { stretches }, others: conditionsOf(search, [lead, 'statuses']) };
}

function byText(
  lookup: LookupKind,
  column: 'deliveries.stream' | 'deliveries.event_id',
  text: string,
): SearchPlan['way'] {
  return { lookup, text, isMeant: eb(column, '=', text) };
}

function leadOf(search: DeliverySearch): Part | undefined {
  const isRareStatus = search.statuses?.includes('succeeded') === false;
  const order: readonly Part[] = [
    'eventId',
    'stream',
    'webhookId',
    'tenantId',
    ...(isRareStatus ? (['statuses'] as const) : []),
    'statusCode',
    'eventType',
    'statuses',
  ];
  return order.find((part) => search[part] !== undefined);
}

function only(search: DeliverySearch, part: Part): readonly Condition[] {
  return search[part] === undefined ? [] : [eb(`deliveries.${PARTS[part]}`, '=', search[part])];
}

/**
 * With a `+` before the column, by which SQLite takes a condition as a test and not as a way in: two ways in the same order
 * look alike to it, and the way it took could be the long one.
 */
function conditionsOf(search: DeliverySearch, except: readonly Part[]): readonly Condition[] {
  const parts = Object.keys(PARTS) as Part[];
  return parts
    .filter((part) => !except.includes(part) && search[part] !== undefined)
    .map((part) => {
      const column = sql`+${sql.ref(`deliveries.${PARTS[part]}`)}`;
      const value = search[part];
      return Array.isArray(value) ? eb(column, 'in', value) : eb(column, '=', value);
    });
}
