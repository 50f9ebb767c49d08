import { Matches } from 'class-validator';
import { IsName } from './constraints.js';
import { Field } from './field.decorator.js';

/** Items of a page when no limit is given. */
export const DEFAULT_LIMIT = 50;

/** `limit` of a list: how many items at most. */
export function LimitField(): PropertyDecorator {
  return Field(
    {
      rule: 'a whole number from 1 to 250',
      isOptional: true,
      description: 'How many items at most.',
      type: 'integer',
      minimum: 1,
      maximum: 250,
      default: DEFAULT_LIMIT,
    },
    Matches(/^([1-9]|[1-9]\d|1\d\d|2[0-4]\d|250)$/),
  );
}

/** `cursor` of a list: where to go on. */
export function CursorField(): PropertyDecorator {
  return Field(
    {
      rule: 'the `nextCursor` of an earlier answer',
      isOptional: true,
      description: 'Where to go on: `nextCursor` of the page before, with the same filter.',
    },
    IsName(2_048),
  );
}

/** The page as the queries take it. */
export function pageOf(request: { readonly limit?: string; readonly cursor?: string }): {
  readonly limit?: number;
  readonly cursor?: string;
} {
  const { cursor, limit } = request;
  return {
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(cursor !== undefined && { cursor }),
  };
}
