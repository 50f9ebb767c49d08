import type { RateLimit } from '../webhook.events.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { isRecord, type Problems, quoted } from './problems.js';

const FIELDS: ReadonlySet<string> = new Set(['perSecond', 'perMinute', 'burst']);
const FIX =
  'Give { perSecond } or { perMinute }, and { burst } with it if you like; or null for no limit.';

/**
 * Checks a rate limit: a rate per second or per minute, not both, and a burst.
 *
 * @returns the limit with its own fields only, or `undefined` when there is a problem
 */
export function checkRateLimit(value: unknown, problems: Problems): RateLimit | null | undefined {
  if (value === null) return null;
  if (!isRecord(value)) {
    problems.add('rateLimit', 'this is not a rate limit', FIX);
    return undefined;
  }
  const before = problems.found.length;
  for (const name of Object.keys(value).filter((one) => !FIELDS.has(one))) {
    problems.add('rateLimit', `${quoted(name)} is no field of a rate limit`, FIX);
  }
  const isPerSecond = value['perSecond'] !== undefined;
  if (isPerSecond === (value['perMinute'] !== undefined)) {
    problems.add('rateLimit', 'it has to have a rate per second or one per minute', FIX);
  }
  for (const name of ['perSecond', 'perMinute', 'burst'] as const) {
    checkNumber(name, value[name], problems);
  }
  if (problems.found.length > before) return undefined;
  const rate = isPerSecond ? { perSecond: value['perSecond'] } : { perMinute: value['perMinute'] };
  const burst = value['burst'];
  return { ...rate, ...(burst === undefined ? {} : { burst }) } as RateLimit;
}

function checkNumber(
  name: 'perSecond' | 'perMinute' | 'burst',
  value: unknown,
  problems: Problems,
): void {
  const most = DEFINITION_LIMITS[name];
  if (value === undefined) return;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most) return;
  problems.add(
    `rateLimit.${name}`,
    `this is not a whole number from 1 to ${most}`,
    `Give a whole number from 1 to ${most}.`,
  );
}
