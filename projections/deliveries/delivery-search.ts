import type { DeliveryStatus } from '../../modules/delivery/delivery.events.js';
import type { FieldProblem } from '../../modules/kernel/index.js';

export const DELIVERY_STATUSES = [
  'scheduled',
  'attempting',
  'retrying',
  'succeeded',
  'dead-lettered',
  'discarded',
] as const satisfies readonly DeliveryStatus[];

/** Which deliveries; every given part must hold. */
export interface DeliverySearch {
  readonly webhookId?: string | undefined;
  readonly tenantId?: string | undefined;
  /** Any of these; default: all. */
  readonly statuses?: readonly DeliveryStatus[] | undefined;
  readonly eventType?: string | undefined;
  readonly eventId?: string | undefined;
  /** Source stream of the event. */
  readonly stream?: string | undefined;
  /** HTTP status that the last attempt was answered with. */
  readonly statusCode?: number | undefined;
  /** Epoch milliseconds of the delivery's creation, inclusive. */
  readonly from?: number | undefined;
  /** Epoch milliseconds of the delivery's creation, exclusive. */
  readonly to?: number | undefined;
}

const SEARCH_PARTS = [
  'webhookId',
  'tenantId',
  'statuses',
  'eventType',
  'eventId',
  'stream',
  'statusCode',
  'from',
  'to',
] as const satisfies readonly (keyof DeliverySearch)[];

/** Only the parts of a search that are given: equal searches are then equal values. */
export function compact(search: DeliverySearch): DeliverySearch {
  return Object.fromEntries(
    SEARCH_PARTS.filter((part) => search[part] !== undefined).map((part) => [part, search[part]]),
  );
}

/** Everything that is wrong with the search. */
export function searchProblems(search: DeliverySearch): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const unknown = (search.statuses ?? []).filter((status) => !DELIVERY_STATUSES.includes(status));
  if (unknown.length > 0) {
    const fix = `Give one of ${DELIVERY_STATUSES.join(', ')}.`;
    problems.push({ field: 'status', message: 'is not a status of a delivery', fix });
  }
  for (const field of ['from', 'to'] as const) {
    if (isWhole(search[field])) continue;
    problems.push({ field, message: 'is not a time', fix: 'Give epoch milliseconds.' });
  }
  if (!isWhole(search.statusCode)) {
    const fix = 'Give a whole number such as 503.';
    problems.push({ field: 'statusCode', message: 'is not an HTTP status', fix });
  }
  return problems;
}

function isWhole(value: number | undefined): boolean {
  return value === undefined || Number.isSafeInteger(value);
}
