import { ApiProperty } from '@nestjs/swagger';
import type {
  DeadLetterFilter,
  ReplayedHistory,
  ReplayFrom,
  ReplayItem,
  ReplayMode,
  ReplayProgressItem,
  ReplaySource,
  ReplayStatus,
  ReplayTo,
} from '../../replay/index.js';
import { REPLAY_STATUSES } from './replay.request.js';

const TIME = { type: 'string', format: 'date-time' } as const;
const TIME_OR_NULL = { ...TIME, nullable: true } as const;
const TEXT_OR_NULL = { type: 'string', nullable: true } as const;
const NUMBER_OR_NULL = { type: 'number', nullable: true } as const;
const OPEN_OBJECT = { type: 'object', additionalProperties: true } as const;

class PositionRangeResponse {
  @ApiProperty()
  readonly from!: string;

  @ApiProperty()
  readonly to!: string;
}

class ReplayedHistoryResponse implements ReplayedHistory {
  @ApiProperty({ enum: ['missing', 'all'] satisfies ReplayMode[] })
  readonly mode!: ReplayMode;

  @ApiProperty({
    oneOf: [{ type: 'string', enum: ['beginning', 'disabled'] }, OPEN_OBJECT],
    description: 'As it was asked for.',
  })
  readonly from!: ReplayFrom;

  @ApiProperty({
    ...OPEN_OBJECT,
    nullable: true,
    description: 'As it was asked for; `null`: the end of the log when it was started.',
  })
  readonly to!: ReplayTo | null;

  @ApiProperty({
    ...OPEN_OBJECT,
    nullable: true,
    description: 'One stream or category; `null`: all that the webhook listens to.',
    example: { kind: 'stream', stream: 'order-17' },
  })
  readonly source!: ReplaySource | null;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: '`null`: all that the webhook listens to.',
  })
  readonly eventTypes!: readonly string[] | null;

  @ApiProperty({ type: PositionRangeResponse, description: 'Positions, both inclusive.' })
  readonly range!: PositionRangeResponse;
}

class ReplayProgressResponse implements ReplayProgressItem {
  @ApiProperty({ description: '0 to 100, by position or by dead letters; 100 once completed.' })
  readonly percent!: number;

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Everything up to here is done.' })
  readonly position!: string | null;

  @ApiProperty({ ...NUMBER_OR_NULL, description: 'Matches per second, of late.' })
  readonly perSecond!: number | null;

  @ApiProperty({ description: 'Looked at.' })
  readonly examined!: number;

  @ApiProperty({ description: 'Selected: the sum of what follows, but for `unreadable`.' })
  readonly matched!: number;

  @ApiProperty({ description: 'Had no delivery: one was recorded.' })
  readonly scheduled!: number;

  @ApiProperty({ description: 'Their deliveries had ended: new runs were recorded.' })
  readonly replayed!: number;

  @ApiProperty({ description: 'Their deliveries were under way: left alone.' })
  readonly open!: number;

  @ApiProperty({ description: 'Their deliveries had succeeded: left alone.' })
  readonly succeeded!: number;

  @ApiProperty({ description: 'Their deliveries were purged: left alone.' })
  readonly purged!: number;

  @ApiProperty({ description: 'No longer dead letters, or their webhooks allow no replay.' })
  readonly refused!: number;

  @ApiProperty({ description: 'Whose events they are cannot be told: passed over.' })
  readonly unreadable!: number;
}

class HaltedByResponse {
  @ApiProperty({ description: '`posthorn`: nobody; the webhook is gone.' })
  readonly by!: string;

  @ApiProperty(TEXT_OR_NULL)
  readonly reason!: string | null;
}

class ReplayFailureResponse {
  @ApiProperty()
  readonly code!: string;

  @ApiProperty()
  readonly message!: string;

  @ApiProperty(TIME)
  readonly at!: string;
}

/** A replay of history or of dead letters. */
export class ReplayResponse implements ReplayItem {
  @ApiProperty({ example: 'rpl_0f4c3b...' })
  readonly id!: string;

  @ApiProperty({
    enum: ['history', 'registration', 'dead-letters'] satisfies ReplayItem['kind'][],
    description: '`registration`: a webhook asked for its history with `startFrom`.',
  })
  readonly kind!: ReplayItem['kind'];

  @ApiProperty({ ...TEXT_OR_NULL, description: '`null`: dead letters of any webhook.' })
  readonly webhookId!: string | null;

  @ApiProperty({
    enum: REPLAY_STATUSES,
    description: '`failed`: it cannot go on by itself; a person has to look, and to resume it.',
  })
  readonly status!: ReplayStatus;

  @ApiProperty({
    enum: ['webhook'],
    nullable: true,
    description: '`webhook`: it is paused, disabled or inactive, or its code is not deployed.',
  })
  readonly waitsFor!: 'webhook' | null;

  @ApiProperty({ type: ReplayedHistoryResponse, nullable: true })
  readonly history!: ReplayedHistoryResponse | null;

  @ApiProperty({
    ...OPEN_OBJECT,
    nullable: true,
    description: 'Which dead letters; times in epoch milliseconds.',
  })
  readonly deadLetters!: DeadLetterFilter | null;

  @ApiProperty({ ...NUMBER_OR_NULL, description: 'The limit; `null`: none.' })
  readonly perSecond!: number | null;

  @ApiProperty({ type: ReplayProgressResponse })
  readonly progress!: ReplayProgressResponse;

  @ApiProperty()
  readonly requestedBy!: string;

  @ApiProperty(TEXT_OR_NULL)
  readonly reason!: string | null;

  @ApiProperty(TIME)
  readonly startedAt!: string;

  @ApiProperty({ ...TIME_OR_NULL, description: 'When progress was recorded last.' })
  readonly advancedAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  readonly pausedAt!: string | null;

  @ApiProperty({ ...TIME_OR_NULL, description: 'When it was completed or cancelled.' })
  readonly endedAt!: string | null;

  @ApiProperty({
    type: HaltedByResponse,
    nullable: true,
    description: 'Who paused or cancelled it, and why.',
  })
  readonly haltedBy!: HaltedByResponse | null;

  @ApiProperty({ type: ReplayFailureResponse, nullable: true })
  readonly failure!: ReplayFailureResponse | null;
}

/** A page of replays. */
export class ReplayPageResponse {
  @ApiProperty({ type: [ReplayResponse], description: 'Newest first.' })
  readonly items!: readonly ReplayResponse[];

  @ApiProperty({ ...TEXT_OR_NULL, description: 'Where the next page begins; `null` on the last.' })
  readonly nextCursor!: string | null;
}
