import { IsIn, Matches } from 'class-validator';
import type { DeliveryStatus } from '../../delivery/index.js';
import { IsName, IsTime } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { PageRequest } from '../validation/page.request.js';

/** Every state of a delivery, as it is shown. */
export const DELIVERY_STATUSES: readonly DeliveryStatus[] = [
  'scheduled',
  'attempting',
  'retrying',
  'succeeded',
  'dead-lettered',
  'discarded',
];

const NAME = 'a text of 1 to 512 characters, given once';
const TIME = 'a date or a time of ISO 8601 with an offset, such as `2026-08-01T12:00:00Z`';

/** Query of `GET /dead-letters`: every given part must hold. */
export class ListDeadLettersRequest extends PageRequest {
  @Field({ rule: NAME, isOptional: true, description: 'Deliveries to this webhook.' }, IsName(512))
  readonly webhookId?: string;

  @Field({ rule: NAME, isOptional: true, description: 'Events of this tenant.' }, IsName(512))
  readonly tenantId?: string;

  @Field({ rule: NAME, isOptional: true, description: 'Events of this type.' }, IsName(512))
  readonly eventType?: string;

  @Field({ rule: TIME, isOptional: true, description: 'Created at this time or later.' }, IsTime())
  readonly from?: string;

  @Field({ rule: TIME, isOptional: true, description: 'Created before this time.' }, IsTime())
  readonly to?: string;
}

/** Query of `GET /deliveries`: every given part must hold. */
export class ListDeliveriesRequest extends ListDeadLettersRequest {
  @Field(
    {
      rule: `one of ${DELIVERY_STATUSES.join(', ')}`,
      isOptional: true,
      description: 'Deliveries in this state.',
      enum: DELIVERY_STATUSES,
    },
    IsIn(DELIVERY_STATUSES),
  )
  readonly status?: DeliveryStatus;

  @Field({ rule: NAME, isOptional: true, description: 'The event with this id.' }, IsName(512))
  readonly eventId?: string;

  @Field({ rule: NAME, isOptional: true, description: 'Events of this stream.' }, IsName(512))
  readonly stream?: string;

  @Field(
    {
      rule: 'an HTTP status code from 100 to 599',
      isOptional: true,
      description: 'Deliveries whose last attempt was answered with this status.',
      type: 'integer',
      minimum: 100,
      maximum: 599,
    },
    Matches(/^[1-5]\d\d$/),
  )
  readonly statusCode?: string;
}
