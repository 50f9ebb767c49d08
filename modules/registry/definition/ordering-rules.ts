import type { OrderingPolicy } from '../webhook.events.js';
import { isRecord, type Problems, quoted } from './problems.js';

const AFTER_DEAD_LETTERS = ['continue', 'hold'] as const satisfies OrderingPolicy['onDeadLetter'][];
const FIELDS: ReadonlySet<string> = new Set<keyof OrderingPolicy>(['by', 'onDeadLetter']);

/** Checks in which order events are sent: `null`, in any, is a valid answer. */
export function checkOrdering(
  value: unknown,
  problems: Problems,
): OrderingPolicy | null | undefined {
  if (value === null) return null;
  if (!isRecord(value) || value['by'] !== 'source-stream') {
    problems.add(
      'ordering',
      'this is no known order',
      "Give { by: 'source-stream' }, or null for any order.",
    );
    return;
  }
  const unknown = Object.keys(value).filter((name) => !FIELDS.has(name));
  for (const name of unknown) {
    const field = `ordering.${quoted(name).slice(1, -1)}`;
    problems.add(field, 'there is no such field', 'The fields are: by, onDeadLetter.');
  }
  const { onDeadLetter = 'continue' } = value;
  const known = AFTER_DEAD_LETTERS.find((one) => one === onDeadLetter);
  if (known === undefined) {
    problems.add(
      'ordering.onDeadLetter',
      'this is no known answer to a dead letter',
      "Give 'continue' or 'hold'.",
    );
  }
  return known === undefined || unknown.length > 0
    ? undefined
    : { by: 'source-stream', onDeadLetter: known };
}

/** As it is recorded: nothing where there is no order, so that definitions from before stay equal to themselves. */
export function recordedOrdering(ordering: OrderingPolicy | null): {
  readonly ordering?: OrderingPolicy;
} {
  return ordering === null ? {} : { ordering };
}

/** Whether an order is one that this version can keep: a later one may know more. */
export function isKnownOrdering(ordering: OrderingPolicy | undefined): boolean {
  if (ordering === undefined) return true;
  const { by, onDeadLetter } = ordering as { readonly by: string; readonly onDeadLetter: string };
  return by === 'source-stream' && AFTER_DEAD_LETTERS.some((known) => known === onDeadLetter);
}
