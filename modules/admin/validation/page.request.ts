import { Matches } from 'class-validator';
import { IsName } from './constraints.js';
import { Field } from './field.decorator.js';

/** Items of a page when no limit is given. */
export const DEFAULT_LIMIT = 50;

/** Which page of a list: the same for every list. */
export class PageRequest {
  @Field(
    {
      rule: 'a whole number from 1 to 250',
      isOptional: true,
      description: 'How many items at most. Default: 50.',
      type: 'integer',
      minimum: 1,
      maximum: 250,
      default: DEFAULT_LIMIT,
    },
    Matches(/^([1-9]|[1-9]\d|1\d\d|2[0-4]\d|250)$/),
  )
  readonly limit?: string;

  @Field(
    {
      rule: 'the `nextCursor` of an earlier answer',
      isOptional: true,
      description: 'Where to go on: `nextCursor` of the page before, with the same filter.',
    },
    IsName(2_048),
  )
  readonly cursor?: string;
}
