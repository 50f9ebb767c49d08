import type { RetryPolicy } from '../webhook.events.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { isRecord, type Problems, quoted } from './problems.js';

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly isInteger: boolean;
}

const ATTEMPTS: Bounds = { min: 1, max: DEFINITION_LIMITS.attempts, isInteger: true };
const DELAY_MS: Bounds = { min: 0, max: DEFINITION_LIMITS.retryDelayMs, isInteger: true };
const FACTOR: Bounds = { min: 1, max: DEFINITION_LIMITS.retryFactor, isInteger: false };

const SHAPES = {
  standard: {},
  exponential: { attempts: ATTEMPTS, initialMs: DELAY_MS, factor: FACTOR, maxMs: DELAY_MS },
  fixed: { attempts: ATTEMPTS, delayMs: DELAY_MS },
} as const satisfies Record<Exclude<RetryPolicy['kind'], 'list'>, Readonly<Record<string, Bounds>>>;

/**
 * Checks a retry policy: 1 to 100 attempts, delays of at most 7 days each.
 *
 * @returns the policy with its own fields only, or `undefined` when there is a problem
 */
export function checkRetry(value: unknown, problems: Problems): RetryPolicy | undefined {
  const kind = isRecord(value) ? value['kind'] : undefined;
  if (!isRecord(value) || !isKind(kind)) {
    problems.add(
      'retry',
      'this is not a retry policy',
      "Give { kind: 'standard' | 'exponential' | 'fixed' | 'list', ... }.",
    );
    return;
  }
  const before = problems.found.length;
  const policy = kind === 'list' ? listPolicy(value, problems) : shaped(kind, value, problems);
  return problems.found.length === before ? policy : undefined;
}

function isKind(kind: unknown): kind is RetryPolicy['kind'] {
  return kind === 'list' || (typeof kind === 'string' && Object.hasOwn(SHAPES, kind));
}

function shaped(
  kind: keyof typeof SHAPES,
  value: Record<string, unknown>,
  problems: Problems,
): RetryPolicy {
  const shape: Readonly<Record<string, Bounds>> = SHAPES[kind];
  refuseOthers(value, ['kind', ...Object.keys(shape)], problems);
  for (const [name, bounds] of Object.entries(shape)) {
    checkNumber(`retry.${name}`, value[name], bounds, problems);
  }
  const numbers = Object.keys(shape).map((name) => [name, value[name]]);
  return { kind, ...Object.fromEntries(numbers) } as RetryPolicy;
}

function listPolicy(value: Record<string, unknown>, problems: Problems): RetryPolicy {
  refuseOthers(value, ['kind', 'delaysMs'], problems);
  const delays = value['delaysMs'];
  if (!Array.isArray(delays) || delays.length > DEFINITION_LIMITS.attempts - 1) {
    problems.add(
      'retry.delaysMs',
      `this is not a list of at most ${DEFINITION_LIMITS.attempts - 1} delays`,
      'Give one delay in milliseconds for each attempt after the first.',
    );
    return { kind: 'list', delaysMs: [] };
  }
  delays.forEach((delay: unknown, index) => {
    checkNumber(`retry.delaysMs.${index}`, delay, DELAY_MS, problems);
  });
  return { kind: 'list', delaysMs: [...(delays as number[])] };
}

function refuseOthers(
  value: Record<string, unknown>,
  fields: readonly string[],
  problems: Problems,
): void {
  for (const name of Object.keys(value).filter((one) => !fields.includes(one))) {
    problems.add(
      'retry',
      `${quoted(name)} is no field of this policy`,
      `Its fields are: ${fields.join(', ')}.`,
    );
  }
}

function checkNumber(field: string, value: unknown, bounds: Bounds, problems: Problems): void {
  const isNumber = bounds.isInteger ? Number.isInteger(value) : Number.isFinite(value);
  if (isNumber && (value as number) >= bounds.min && (value as number) <= bounds.max) return;
  const kind = bounds.isInteger ? 'a whole number' : 'a number';
  problems.add(
    field,
    `this is not ${kind} from ${bounds.min} to ${bounds.max}`,
    `Give ${kind} from ${bounds.min} to ${bounds.max}.`,
  );
}
