import { DeliveryFilterRequest } from '../deliveries/delivery-filter.request.js';
import { RateField, ReplayIdField } from '../replays/replay-fields.js';
import { IsName } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { CursorField, LimitField } from '../validation/page-fields.js';

/** Query of `GET /dead-letters`: every given part must hold. */
export class ListDeadLettersRequest extends DeliveryFilterRequest {
  @LimitField()
  readonly limit?: string;

  @CursorField()
  readonly cursor?: string;
}

/** Body of `POST /dead-letters/replay`: which, how fast, and why. */
export class ReplayDeadLettersRequest extends DeliveryFilterRequest {
  @ReplayIdField()
  readonly id?: string;

  @RateField({ isOptional: true })
  readonly perSecond?: number | null;

  @Field(
    {
      rule: 'a text of 1 to 500 characters without control characters',
      isOptional: true,
      description: 'Why; kept with each replay.',
      example: 'the receiver is back',
    },
    IsName(500),
  )
  readonly reason?: string;
}
