import { IsName, IsTime } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';

export const NAME = 'a text of 1 to 512 characters, given once';
const TIME = 'a date or a time of ISO 8601 with an offset, such as `2026-08-01T12:00:00Z`';

/** Which deliveries, by what can be asked of all of them; every given part must hold. */
export class DeliveryFilterRequest {
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

/** The filter as the queries and commands take it: times in epoch milliseconds. */
export function filterOf(request: DeliveryFilterRequest): {
  readonly webhookId?: string;
  readonly tenantId?: string;
  readonly eventType?: string;
  readonly from?: number;
  readonly to?: number;
} {
  const { webhookId, tenantId, eventType, from, to } = request;
  return {
    ...(webhookId !== undefined && { webhookId }),
    ...(tenantId !== undefined && { tenantId }),
    ...(eventType !== undefined && { eventType }),
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  };
}
