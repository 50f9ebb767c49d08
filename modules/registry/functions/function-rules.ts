import { hasControlCharacter, isRecord, type Problems } from '../definition/problems.js';
import { isMistake, readExpression } from '../expressions/expression-tree.js';
import type { StoredExpression } from '../webhook.events.js';
import { type AnyFunction, DeclaredFunction, type Question } from './declared-function.js';

const LONGEST_VERSION = 128;

/** Where a function is looked for. */
export interface FunctionPlace {
  /** Field of the definition. */
  readonly field: string;
  /** Whether the definition is that of a class with `@Webhook`: what else is registered cannot hold a function. */
  readonly isDeclared: boolean;
  /** What can stand instead of a function, as a fix: `give a JMESPath expression`. */
  readonly alternative?: string;
}

/** Checks a function of the code that declares a webhook. */
export function checkFunction<Call extends AnyFunction>(
  { field, isDeclared, alternative }: FunctionPlace,
  value: unknown,
  problems: Problems,
): DeclaredFunction<Call> | undefined {
  const { call, version } = isRecord(value) ? value : { call: value };
  if (!isDeclared) {
    problems.add(
      field,
      'this is a function, which only a webhook that is declared in code can have',
      `Declare the webhook with a class that is decorated with @Webhook${alternative ? `, or ${alternative}` : ''}.`,
    );
    return;
  }
  if (typeof call !== 'function') {
    problems.add(field, 'this is not a function', 'Give a function, or { call, version }.');
    return;
  }
  if (version === undefined) return new DeclaredFunction(call as Call);
  if (isVersion(version)) return new DeclaredFunction(call as Call, version);
  problems.add(
    `${field}.version`,
    `the version is not 1 to ${LONGEST_VERSION} visible characters`,
    'Give a short text that changes with the function, or none.',
  );
}

/** Checks a function that may be absent: `null` is a valid answer. */
export function checkOptionalFunction<Call extends AnyFunction>(
  place: FunctionPlace,
  value: unknown,
  problems: Problems,
): DeclaredFunction<Call> | null | undefined {
  return value === null ? null : checkFunction<Call>(place, value, problems);
}

function isVersion(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= LONGEST_VERSION &&
    !hasControlCharacter(value)
  );
}

/**
 * Checks what is asked of events: an expression, or a function where the webhook is declared in code. `null` is a valid
 * answer.
 */
export function checkQuestion<Call extends AnyFunction>(
  place: FunctionPlace,
  value: unknown,
  problems: Problems,
): Question<Call> | null | undefined {
  if (value === null) return null;
  const expression = isRecord(value) && !('call' in value) ? value['expression'] : value;
  if (typeof expression === 'string') return checkExpression(place.field, expression, problems);
  if (typeof value === 'function' || (isRecord(value) && 'call' in value)) {
    return checkFunction({ ...place, alternative: 'give a JMESPath expression' }, value, problems);
  }
  problems.add(place.field, 'this is no JMESPath expression', 'Give the expression as text.');
}

function checkExpression(
  field: string,
  expression: string,
  problems: Problems,
): StoredExpression | undefined {
  const read = readExpression(expression);
  if (!isMistake(read)) return { kind: 'jmespath', expression };
  problems.add(field, read.message, read.fix);
}
