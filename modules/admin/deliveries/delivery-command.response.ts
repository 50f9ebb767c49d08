import { ApiProperty } from '@nestjs/swagger';
import type { DeliveryCommandResult, DeliveryStatus } from '../../delivery/index.js';
import { DELIVERY_STATUSES } from './list-deliveries.request.js';

/** What was recorded for a delivery. */
export class DeliveryCommandResponse {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty({ description: 'The run that the request is about.' })
  readonly run!: number;

  @ApiProperty({ enum: DELIVERY_STATUSES })
  readonly status!: DeliveryStatus | 'none';

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Position at which it took effect; `null` when it was so already.',
  })
  readonly position!: string | null;
}

export function toCommandResponse(result: DeliveryCommandResult): DeliveryCommandResponse {
  const { deliveryId: id, run, status, position } = result;
  return { id, run, status, position: position === null ? null : position.toString() };
}
