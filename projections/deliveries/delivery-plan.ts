import { type Expression, expressionBuilder, type SqlBool } from 'kysely';
import type { ReadModelDatabase } from '../database.js';
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

type Part =
  'eventId' | 'stream' | 'webhookId' | 'tenantId' | 'statuses' | 'statusCode' | 'eventType';

const eb = expressionBuilder<ReadModelDatabase, 'deliveries'>();

/** Each part of a search as a condition; `undefined` for a part that is not asked for. */
const CONDITIONS: Readonly<Record<Part, (search: DeliverySearch) => Condition | undefined>> = {
  eventId: ({ eventId }) =>
    eventId === undefined ? undefined : eb('deliveries.event_id', '=', eventId),
  stream: ({ stream }) => (stream === undefined ? undefined : eb('deliveries.stream', '=', stream)),
  webhookId: ({ webhookId }) =>
    webhookId === undefined ? undefined : eb('deliveries.webhook_id', '=', webhookId),
  tenantId: ({ tenantId }) =>
    tenantId === undefined ? undefined : eb('deliveries.tenant_id', '=', tenantId),
  statuses: ({ statuses }) => (statuses ? eb('deliveries.status', 'in', statuses) : undefined),
  statusCode: ({ statusCode }) =>
    statusCode === undefined ? undefined : eb('deliveries.last_status_code', '=', statusCode),
  eventType: ({ eventType }) =>
    eventType === undefined ? undefined : eb('deliveries.event_type', '=', eventType),
};

const PARTS = Object.keys(CONDITIONS) as Part[];

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
  const condition = CONDITIONS[part](search);
  return condition ? [condition] : [];
}

function conditionsOf(search: DeliverySearch, except: readonly Part[]): readonly Condition[] {
  return PARTS.filter((part) => !except.includes(part)).flatMap((part) => only(search, part));
}
