import type { FieldProblem } from '../../kernel/index.js';

/** The mistakes found so far. Every check goes on after a mistake, so that all are reported at once. */
export class Problems {
  readonly #found: FieldProblem[] = [];

  /** Notes a mistake. Neither text may quote a secret. */
  add(field: string, message: string, fix: string): void {
    this.#found.push({ field, message, fix });
  }

  get found(): readonly FieldProblem[] {
    return this.#found;
  }
}

const LONGEST_QUOTE = 64;

/** Text of the caller, shortened and with control characters escaped, to be quoted in a problem. */
export function quoted(text: string): string {
  const shortened = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return JSON.stringify(shortened);
}

/** Whether `text` holds a control character, a line or paragraph separator, or half a surrogate pair. */
export function hasControlCharacter(text: string): boolean {
  return /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text);
}

/** Whether `value` is an object with keys: not `null`, not an array, not a scalar. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
