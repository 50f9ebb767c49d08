import { IsName } from './validation/constraints.js';
import { Field } from './validation/field.decorator.js';

/** A body that may say why. */
export class ReasonRequest {
  @Field(
    {
      rule: 'a text of 1 to 500 characters without control characters',
      isOptional: true,
      description: 'Why; kept with what is recorded.',
      example: 'the receiver is back',
    },
    IsName(500),
  )
  readonly reason?: string;
}
