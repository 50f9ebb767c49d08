import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { DeadLetterReason } from '../../delivery/index.js';
import { DeliveryResponse } from '../deliveries/delivery.response.js';

const TEXT_OR_NULL = { type: 'string', nullable: true } as const;

class FinalErrorResponse {
  @ApiProperty({
    enum: [
      'attempts_exhausted',
      'rejected',
      'endpoint_gone',
      'endpoint_asked',
      'aborted_by_endpoint',
      'source_event_gone',
      'poison_event',
    ] satisfies DeadLetterReason[],
    nullable: true,
  })
  readonly reason!: DeadLetterReason | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly errorClass!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly errorMessage!: string | null;

  @ApiProperty({ type: 'number', nullable: true })
  readonly statusCode!: number | null;
}

class DeadLetterResponse extends DeliveryResponse {
  @ApiProperty({ type: FinalErrorResponse, description: 'Why the last run ended.' })
  readonly finalError!: FinalErrorResponse;
}

/** A page of dead letters. */
export class DeadLetterPageResponse {
  @ApiProperty({ type: [DeadLetterResponse], description: 'Newest first.' })
  readonly items!: readonly DeadLetterResponse[];

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Where the next page begins; `null` on the last.' })
  readonly nextCursor!: string | null;

  @ApiPropertyOptional({ description: 'How many match; absent where no counter knows exactly.' })
  readonly total?: number;
}

/** A bulk replay that was recorded. */
export class ReplayAcceptedResponse {
  @ApiProperty({ description: 'How many dead letters match now.' })
  readonly accepted!: number;

  @ApiProperty({ example: 'rpl_0f4c3b...' })
  readonly replayId!: string;
}
