import { DEFINITION_LIMITS } from './definition-limits.js';
import { hasControlCharacter, type Problems, quoted } from './problems.js';

/** Matches every event type. */
export const ANY_EVENT_TYPE = '*';

const FIELD = 'eventTypes';

/** The prefix that a pattern such as `order.*` stands for, its dot included; `undefined` when it is no such pattern. */
export function prefixOf(pattern: string): string | undefined {
  return pattern.endsWith('.*') ? pattern.slice(0, -1) : undefined;
}

/** Whether an event type is one that `pattern` (a name, `order.*` or `*`) stands for. */
export function matchesEventType(pattern: string, eventType: string): boolean {
  if (pattern === ANY_EVENT_TYPE) return true;
  const prefix = prefixOf(pattern);
  return prefix === undefined ? pattern === eventType : eventType.startsWith(prefix);
}

/**
 * Checks event types and patterns.
 *
 * @param known when given, the only names that exist: others are mistakes
 * @returns them sorted and without repeats, or `undefined` when there is a problem
 */
export function checkEventTypes(
  value: unknown,
  known: readonly string[] | undefined,
  problems: Problems,
): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(
      FIELD,
      'the webhook names no event type',
      "Call withEventType(...), or withAnyEventType() for every event (in JSON: eventTypes: ['*']).",
    );
    return;
  }
  const names = [...new Set<unknown>(value)];
  const before = problems.found.length;
  if (names.length > DEFINITION_LIMITS.eventTypes) {
    problems.add(
      FIELD,
      `there are ${names.length} event types; at most ${DEFINITION_LIMITS.eventTypes} are allowed`,
      'Use patterns such as order.*, or several webhooks.',
    );
  }
  for (const name of names.slice(0, DEFINITION_LIMITS.eventTypes)) {
    checkName(name, known, problems);
  }
  return problems.found.length === before ? (names as string[]).sort() : undefined;
}

function checkName(name: unknown, known: readonly string[] | undefined, problems: Problems): void {
  if (typeof name !== 'string' || name === '') {
    problems.add(FIELD, 'an event type has no name', 'Give a name, or a class that has one.');
    return;
  }
  const fault = faultOf(name);
  if (fault) {
    problems.add(FIELD, `the event type ${quoted(name)} ${fault.message}`, fault.fix);
  } else if (known && !known.some((one) => matchesEventType(name, one))) {
    problems.add(
      FIELD,
      `the event type ${quoted(name)} is not in the catalog`,
      'Correct the name, or add it to the known event types in the configuration.',
    );
  }
}

function faultOf(name: string): { message: string; fix: string } | undefined {
  if (name.length > DEFINITION_LIMITS.eventTypeLength) {
    const longest = DEFINITION_LIMITS.eventTypeLength;
    return { message: `is longer than ${longest} characters`, fix: 'Shorten the name.' };
  }
  if (hasControlCharacter(name) || name !== name.trim()) {
    return {
      message: 'holds a control character, or white space at its ends',
      fix: 'Give the name exactly as the events carry it.',
    };
  }
  if (name.startsWith('$')) {
    return {
      message: 'is one of the event store itself, which no webhook ever sees',
      fix: 'Name an event type of the application.',
    };
  }
  const star = name.indexOf('*');
  const isPattern = name === ANY_EVENT_TYPE || /^[^*]*[^*.]\.\*$/u.test(name);
  if (star !== -1 && !isPattern) {
    return {
      message: 'has a * where none may stand',
      fix: 'Write * alone, or as the last part after a dot: order.*',
    };
  }
  return undefined;
}
