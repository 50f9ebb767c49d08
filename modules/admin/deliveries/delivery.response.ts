import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { AttemptTrigger, DeliveryStatus } from '../../delivery/index.js';
import { DELIVERY_STATUSES } from './list-deliveries.request.js';

const TIME = { type: 'string', format: 'date-time' } as const;
const TIME_OR_NULL = { ...TIME, nullable: true } as const;
const TEXT_OR_NULL = { type: 'string', nullable: true } as const;
const NUMBER_OR_NULL = { type: 'number', nullable: true } as const;

/** A delivery without its attempts. */
export class DeliveryResponse {
  @ApiProperty({ description: 'Also the `webhook-id` header of every attempt.' })
  readonly id!: string;

  @ApiProperty()
  readonly webhookId!: string;

  @ApiProperty(TEXT_OR_NULL)
  readonly tenantId!: string | null;

  @ApiProperty()
  readonly eventId!: string;

  @ApiProperty()
  readonly eventType!: string;

  @ApiProperty({ description: 'Stream of the event.' })
  readonly stream!: string;

  @ApiProperty({ description: 'Revision of the event in its stream.' })
  readonly revision!: string;

  @ApiProperty({ description: 'Position of the event in the log.' })
  readonly position!: string;

  @ApiProperty({ enum: DELIVERY_STATUSES })
  readonly status!: DeliveryStatus;

  @ApiProperty({ description: 'Over all runs.' })
  readonly attemptCount!: number;

  @ApiProperty({ ...TIME_OR_NULL, description: 'When the next attempt is due.' })
  readonly nextAttemptAt!: string | null;

  @ApiProperty({
    description: 'The webhook keeps the order: an earlier delivery of the stream has to end first.',
  })
  readonly isWaitingInOrder!: boolean;

  @ApiProperty(NUMBER_OR_NULL)
  readonly lastStatusCode!: number | null;

  @ApiProperty({ ...TEXT_OR_NULL, example: 'connection_refused' })
  readonly lastErrorClass!: string | null;

  @ApiProperty(TIME)
  readonly createdAt!: string;

  @ApiProperty({ ...TIME_OR_NULL, description: 'When the last run ended.' })
  readonly completedAt!: string | null;
}

class TimingsResponse {
  @ApiProperty(NUMBER_OR_NULL)
  readonly dnsMs!: number | null;

  @ApiProperty(NUMBER_OR_NULL)
  readonly connectMs!: number | null;

  @ApiProperty(NUMBER_OR_NULL)
  readonly tlsMs!: number | null;

  @ApiProperty(NUMBER_OR_NULL)
  readonly firstByteMs!: number | null;

  @ApiProperty(NUMBER_OR_NULL)
  readonly bodyMs!: number | null;

  @ApiProperty()
  readonly totalMs!: number;
}

/** What one request met, whether for a delivery or for a test call. */
export class RequestOutcomeResponse {
  @ApiProperty()
  readonly url!: string;

  @ApiProperty(TIME)
  readonly startedAt!: string;

  @ApiProperty({
    type: TimingsResponse,
    description: 'Milliseconds; `null` where a stage did not happen.',
  })
  readonly timings!: TimingsResponse;

  @ApiProperty(NUMBER_OR_NULL)
  readonly statusCode!: number | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: '`null` on success.' })
  readonly errorClass!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly errorMessage!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Address that was dialled.' })
  readonly remoteAddress!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, nullable: true })
  readonly responseHeaders!: Readonly<Record<string, string>> | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'At most the first 4 KiB.' })
  readonly responseBody!: string | null;

  @ApiProperty()
  readonly isResponseTruncated!: boolean;
}

/** One attempt of a delivery. */
export class AttemptResponse extends RequestOutcomeResponse {
  @ApiProperty({ description: 'Counted from 1, over all runs.' })
  readonly number!: number;

  @ApiProperty()
  readonly run!: number;

  @ApiProperty({ enum: ['live', 'scheduled', 'retry', 'replay'] })
  readonly trigger!: AttemptTrigger;

  @ApiProperty(TIME_OR_NULL)
  readonly nextAttemptAt!: string | null;

  @ApiProperty({
    description: 'Made, but after its run had ended or somebody else had taken over.',
  })
  readonly isLate!: boolean;
}

class DecisionResponse {
  @ApiProperty({ enum: ['dead-lettered', 'replay-requested', 'discarded', 'postponed'] })
  readonly kind!: string;

  @ApiProperty()
  readonly run!: number;

  @ApiProperty(TIME)
  readonly at!: string;

  @ApiProperty({ ...TEXT_OR_NULL, description: '`null` when the delivery ended by itself.' })
  readonly by!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly reason!: string | null;

  @ApiProperty(TEXT_OR_NULL)
  readonly errorMessage!: string | null;

  @ApiProperty({ ...TIME_OR_NULL, description: 'When a replay was asked to be due.' })
  readonly dueAt!: string | null;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'The bulk replay that asked for it.' })
  readonly replayId!: string | null;
}

/** A delivery with everything that happened to it. */
export class DeliveryDetailsResponse extends DeliveryResponse {
  @ApiProperty({ description: 'Grows with each registration of the webhook id after a removal.' })
  readonly registration!: number;

  @ApiProperty({ ...TIME, description: 'When the event was recorded.' })
  readonly occurredAt!: string;

  @ApiProperty({ description: 'Grows with each replay after an end.' })
  readonly run!: number;

  @ApiProperty({ description: 'Attempts of this run.' })
  readonly runAttemptCount!: number;

  @ApiProperty(TEXT_OR_NULL)
  readonly deadLetterReason!: string | null;

  @ApiProperty({
    ...TEXT_OR_NULL,
    description: 'Digest of the definition whose code it waits for.',
  })
  readonly needs!: string | null;

  @ApiProperty({ type: [DecisionResponse], description: 'Oldest first.' })
  readonly decisions!: readonly DecisionResponse[];

  @ApiProperty({ type: [AttemptResponse], description: 'Oldest first.' })
  readonly attempts!: readonly AttemptResponse[];
}

/** A page of deliveries. */
export class DeliveryPageResponse {
  @ApiProperty({ type: [DeliveryResponse], description: 'Newest first.' })
  readonly items!: readonly DeliveryResponse[];

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Where the next page begins; `null` on the last.' })
  readonly nextCursor!: string | null;

  @ApiPropertyOptional({ description: 'How many match; absent where no counter knows exactly.' })
  readonly total?: number;
}
