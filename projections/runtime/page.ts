import { digestOf, type FieldProblem, PosthornError } from '../../modules/kernel/index.js';

export const DEFAULT_LIMIT = 50;
export const MOST_LIMIT = 250;

/** Which page of a list. */
export interface PageRequest {
  /**
   * Most items of the page, 1 to 250.
   *
   * @default 50
   */
  readonly limit?: number | undefined;
  /** The `nextCursor` of the page before, unchanged; default: the first page. */
  readonly cursor?: string | undefined;
}

/** What a caller has seen last: the key after which the next page begins. */
export type CursorKey = number | string;

/** What is wrong with the limit, if anything. */
export function limitProblems(limit: number | undefined): readonly FieldProblem[] {
  if (limit === undefined) return [];
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_LIMIT) return [];
  const message = `is not a whole number from 1 to ${MOST_LIMIT}`;
  return [{ field: 'limit', message, fix: `Give a number from 1 to ${MOST_LIMIT}.` }];
}

/** @throws PosthornError `PSH_PROJECTION_QUERY_INVALID` with all `problems`, if there are any */
export function refuseIfAny(problems: readonly FieldProblem[]): void {
  if (problems.length === 0) return;
  throw new PosthornError('PSH_PROJECTION_QUERY_INVALID', undefined, { problems });
}

/**
 * An opaque cursor. It carries a check over the key, the query and its filters, so that a cursor which was altered, or
 * which belongs to another question, is refused instead of answered wrongly. It protects nothing: the key is no secret.
 */
export function encodeCursor(key: CursorKey, query: string, filter: object): string {
  const text = JSON.stringify([key, checkOf(key, query, filter)]);
  return Buffer.from(text, 'utf8').toString('base64url');
}

/** @throws PosthornError `PSH_PROJECTION_CURSOR_INVALID` when it is not a cursor of this query with this filter */
export function decodeCursor(cursor: string, query: string, filter: object): CursorKey {
  const [key, check] = parts(cursor);
  const isKey = typeof key === 'string' || Number.isSafeInteger(key);
  if (isKey && check === checkOf(key as CursorKey, query, filter)) return key as CursorKey;
  throw new PosthornError('PSH_PROJECTION_CURSOR_INVALID');
}

function parts(cursor: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function checkOf(key: CursorKey, query: string, filter: object): string {
  return digestOf([key, query, filter]).slice(0, 12);
}
