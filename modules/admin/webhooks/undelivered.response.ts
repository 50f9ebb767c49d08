import { ApiProperty } from '@nestjs/swagger';
import { DeliveryPageResponse } from '../deliveries/delivery.response.js';

const TIME = { type: 'string', format: 'date-time' } as const;

class UnresolvedEventResponse {
  @ApiProperty()
  readonly stream!: string;

  @ApiProperty()
  readonly revision!: string;

  @ApiProperty()
  readonly eventId!: string;

  @ApiProperty()
  readonly eventType!: string;
}

class UnresolvedStretchResponse {
  @ApiProperty({ description: 'Position of its first unresolved event.' })
  readonly from!: string;

  @ApiProperty({ description: 'Position of its last unresolved event.' })
  readonly upTo!: string;

  @ApiProperty({ description: 'Unresolved events in it.' })
  readonly count!: number;

  @ApiProperty({ type: UnresolvedEventResponse, description: 'The first of them.' })
  readonly first!: UnresolvedEventResponse;

  @ApiProperty({
    description: 'Why the first of them is unresolved.',
    example: 'PSH_FEED_TENANT_MISMATCH',
  })
  readonly code!: string;

  @ApiProperty(TIME)
  readonly since!: string;
}

/** How far it is known that every event has a delivery for each webhook that it is a member of. */
export class AuditResponse {
  @ApiProperty({ description: 'Position of the first event that was audited.' })
  readonly from!: string;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description:
      'The audited position: all events up to here were audited. `null` before the first.',
  })
  readonly upTo!: string | null;

  @ApiProperty({
    description: 'The list shows what was recorded up to this position of the log, at least.',
  })
  readonly recordedUpTo!: string;

  @ApiProperty({
    type: [UnresolvedStretchResponse],
    description:
      'Where that is not known yet: of these events it cannot be told which webhooks they are members of. Tried again.',
  })
  readonly unresolved!: readonly UnresolvedStretchResponse[];
}

/** A page of what did not arrive at a webhook. */
export class UndeliveredPageResponse extends DeliveryPageResponse {
  @ApiProperty({
    type: AuditResponse,
    nullable: true,
    description: 'For which events the list is exact; `null` while none was audited.',
  })
  readonly audit!: AuditResponse | null;
}
