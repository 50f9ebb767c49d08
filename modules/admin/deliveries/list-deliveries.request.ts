import { IsIn, Matches } from 'class-validator';
import type { GetDeliveriesOptions } from '../../../projections/index.js';
import type { DeliveryStatus } from '../../delivery/index.js';
import { IsName } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { CursorField, LimitField, pageOf } from '../validation/page-fields.js';
import { DeliveryFilterRequest, filterOf, NAME } from './delivery-filter.request.js';

/** Every state of a delivery, as it is shown. */
export const DELIVERY_STATUSES: readonly DeliveryStatus[] = [
  'scheduled',
  'attempting',
  'retrying',
  'succeeded',
  'dead-lettered',
  'discarded',
];

/** Query of `GET /deliveries`: every given part must hold. */
export class ListDeliveriesRequest extends DeliveryFilterRequest {
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

  @LimitField()
  readonly limit?: string;

  @CursorField()
  readonly cursor?: string;
}

/** The question as the query takes it. */
export function searchOf(request: ListDeliveriesRequest): GetDeliveriesOptions {
  const { eventId, status, statusCode, stream } = request;
  return {
    ...filterOf(request),
    ...pageOf(request),
    ...(status !== undefined && { status }),
    eventId,
    stream,
    statusCode: statusCode === undefined ? undefined : Number(statusCode),
  };
}
