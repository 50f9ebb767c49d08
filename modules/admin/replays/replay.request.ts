import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn } from 'class-validator';
import type { ReplayFrom, ReplayMode, ReplayStatus, ReplayTo } from '../../replay/index.js';
import { ReasonRequest } from '../reason.request.js';
import { IsName, isName, isTime, Satisfies } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { CursorField, LimitField } from '../validation/page-fields.js';
import { isRecord } from '../validation/request.pipe.js';
import { RateField, ReplayIdField } from './replay-fields.js';

/** Every state of a replay. */
export const REPLAY_STATUSES: readonly ReplayStatus[] = [
  'running',
  'paused',
  'failed',
  'completed',
  'cancelled',
];

const MODES: readonly ReplayMode[] = ['missing', 'all'];
const NAME = 'a text of 1 to 512 characters';
const POSITION = { type: 'object', properties: { position: { type: 'string' } } } as const;
const TIME = {
  type: 'object',
  properties: { time: { type: 'string', format: 'date-time' } },
} as const;

/** Whether `value` is `{"position": "17"}` or `{"time": "2026-08-01"}`. */
function isPlace(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length !== 1) return false;
  const { position, time } = value;
  if (typeof position === 'string') return /^\d{1,19}$/.test(position);
  return isTime(time);
}

/** Body of `POST /webhooks/{id}/replays`. */
export class StartReplayBody extends ReasonRequest {
  @ReplayIdField()
  readonly id?: string;

  @Field(
    {
      rule: '`beginning`, `disabled`, {"position": "..."} or {"time": "..."}',
      description:
        'Where it begins: position and time inclusive; `disabled`: where the webhook was last disabled.',
      oneOf: [{ type: 'string', enum: ['beginning', 'disabled'] }, POSITION, TIME],
      example: { time: '2026-08-01T12:00:00Z' },
    },
    Satisfies('isFrom', (value) => value === 'beginning' || value === 'disabled' || isPlace(value)),
  )
  readonly from!: ReplayFrom;

  @Field(
    {
      rule: '{"position": "..."} or {"time": "..."}',
      isOptional: true,
      description:
        'Where it ends: a position inclusive, a time exclusive. Default: the end of the log now.',
      oneOf: [POSITION, TIME],
    },
    Satisfies('isTo', isPlace),
  )
  readonly to?: ReplayTo;

  @Field({ rule: NAME, isOptional: true, description: 'Only events of this stream.' }, IsName(512))
  readonly stream?: string;

  @Field(
    { rule: NAME, isOptional: true, description: 'Only events of the streams of this category.' },
    IsName(512),
  )
  readonly category?: string;

  @Field(
    {
      rule: '1 to 200 event types',
      isOptional: true,
      isArray: true,
      type: 'string',
      description: 'Only these, of those that the webhook listens to.',
      example: ['order.*'],
    },
    IsArray(),
    ArrayNotEmpty(),
    ArrayMaxSize(200),
    Satisfies(
      'isNames',
      (value) => Array.isArray(value) && value.every((name) => isName(name, 256)),
    ),
  )
  readonly eventTypes?: readonly string[];

  @Field(
    {
      rule: `one of ${MODES.join(', ')}`,
      isOptional: true,
      description:
        '`missing`: what has no delivery, or whose delivery did not succeed. `all`: what succeeded too.',
      enum: MODES,
      default: 'missing',
    },
    IsIn(MODES),
  )
  readonly mode?: ReplayMode;

  @RateField({ isOptional: true })
  readonly perSecond?: number | null;
}

/** Body of `PATCH /replays/{id}`. */
export class ChangeReplayBody extends ReasonRequest {
  @RateField()
  readonly perSecond!: number | null;
}

/** Query of `GET /replays`: every given part must hold. */
export class ListReplaysRequest {
  @Field({ rule: NAME, isOptional: true, description: 'Replays to this webhook.' }, IsName(512))
  readonly webhookId?: string;

  @Field(
    {
      rule: `one of ${REPLAY_STATUSES.join(', ')}`,
      isOptional: true,
      description: 'Replays in this state.',
      enum: REPLAY_STATUSES,
    },
    IsIn(REPLAY_STATUSES),
  )
  readonly status?: ReplayStatus;

  @LimitField()
  readonly limit?: string;

  @CursorField()
  readonly cursor?: string;
}
