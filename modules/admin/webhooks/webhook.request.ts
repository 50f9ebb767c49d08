import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  getSchemaPath,
  OmitType,
  PartialType,
} from '@nestjs/swagger';
import {
  AUTH_REQUEST_SCHEMA,
  AUTH_REQUESTS,
  type AuthRequest,
  SECRET_SCHEMA,
} from './auth.request.js';
import type { SecretInput } from '../../registry/index.js';
import { TlsRequest } from './tls.request.js';
import { RATE_LIMIT } from './rate-limit.schema.js';

const PROFILE_KINDS = ['standard', 'github', 'stripe'] as const;

const RETRY_EXAMPLE = {
  kind: 'exponential',
  attempts: 8,
  initialMs: 1000,
  factor: 2,
  maxMs: 3600000,
};

class SigningHeadersRequest {
  @ApiPropertyOptional({ description: 'With `github`: the type of the event.' })
  readonly event?: string;

  @ApiPropertyOptional({ description: 'The id of the delivery.' })
  readonly id?: string;

  @ApiPropertyOptional({ description: 'With `standard` and `github`: when it was sent.' })
  readonly timestamp?: string;

  @ApiPropertyOptional()
  readonly signature?: string;
}

class SigningProfileRequest {
  @ApiProperty({ enum: PROFILE_KINDS })
  readonly kind!: (typeof PROFILE_KINDS)[number];

  @ApiPropertyOptional({
    type: SigningHeadersRequest,
    description: 'Names of headers that are not to have their usual ones.',
  })
  readonly headers?: SigningHeadersRequest;
}

class SigningRequest {
  @ApiPropertyOptional({
    enum: ['symmetric', 'asymmetric', 'both'],
    description: 'Default: the kinds that `signingSecrets` names, else `symmetric`.',
  })
  readonly keys?: 'symmetric' | 'asymmetric' | 'both';

  @ApiPropertyOptional({
    type: 'array',
    items: {
      oneOf: [
        { type: 'string', enum: [...PROFILE_KINDS] },
        { $ref: getSchemaPath(SigningProfileRequest) },
      ],
    },
    description: 'Styles of the signature, side by side. Default: `standard`.',
    example: ['standard', { kind: 'github', headers: { signature: 'X-Hub-Signature-256' } }],
  })
  readonly profiles?: readonly (SigningProfileRequest['kind'] | SigningProfileRequest)[];
}

class OrderingRequest {
  @ApiProperty({ enum: ['source-stream'] })
  readonly by!: 'source-stream';

  @ApiPropertyOptional({
    enum: ['continue', 'hold'],
    default: 'continue',
    description: 'Whether the rest of a stream goes on after a dead letter.',
  })
  readonly onDeadLetter?: 'continue' | 'hold';
}

/**
 * OpenAPI description of a webhook as it is registered. The registry itself checks it, so that REST, code and
 * declarations obey one set of rules.
 */
@ApiExtraModels(SigningProfileRequest, ...AUTH_REQUESTS)
export class RegisterWebhookRequest {
  @ApiProperty({ pattern: '^[A-Za-z0-9_-]{1,64}$', example: 'fulfilment' })
  readonly id!: string;

  @ApiProperty({ format: 'uri', example: 'https://fulfilment.example/hooks' })
  readonly url!: string;

  @ApiProperty({
    type: [String],
    example: ['OrderPlaced', 'order.*'],
    description: 'Exact names, patterns such as `order.*`, or `*` for everything.',
  })
  readonly eventTypes!: readonly string[];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Which streams: all, one stream, or a category.',
    example: { kind: 'category', category: 'order' },
  })
  readonly source?: unknown;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    description: 'Whose events. Default: events without a tenant.',
  })
  readonly tenantId?: string | null;

  @ApiPropertyOptional({ description: 'The events of every tenant. Default: false.' })
  readonly isGlobal?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: SECRET_SCHEMA,
    description: 'Static headers. Values are encrypted and never shown.',
  })
  readonly headers?: Readonly<Record<string, SecretInput>>;

  @ApiPropertyOptional(AUTH_REQUEST_SCHEMA)
  readonly auth?: AuthRequest;

  @ApiPropertyOptional({ type: TlsRequest, description: 'Certificates of its own.' })
  readonly tls?: TlsRequest;

  @ApiPropertyOptional({ type: SigningRequest, description: 'How requests are signed.' })
  readonly signing?: SigningRequest;

  @ApiPropertyOptional({
    enum: ['standard', 'cloudevents', 'raw'],
    default: 'standard',
    description: 'How events are told: Standard Webhooks, CloudEvents 1.0, or the data alone.',
  })
  readonly envelope?: 'standard' | 'cloudevents' | 'raw';

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    maxLength: 4_096,
    example: "data.currency == 'EUR' && data.total > `100`",
    description: 'JMESPath: which of the selected events are delivered. `null`: all of them.',
  })
  readonly filter?: string | null;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    maxLength: 4_096,
    example: '{text: type, total: data.total}',
    description: 'JMESPath: makes the body, in place of the envelope. `null`: none.',
  })
  readonly transform?: string | null;

  @ApiPropertyOptional({
    type: 'array',
    items: SECRET_SCHEMA,
    writeOnly: true,
    description:
      '`whsec_...` or `whsk_...`, newest first. Default: one of each kind in use is generated.',
  })
  readonly signingSecrets?: readonly SecretInput[];

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: RETRY_EXAMPLE,
    description: 'Default: the schedule of Standard Webhooks.',
  })
  readonly retry?: unknown;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 120_000,
    default: 20_000,
    description: 'Deadline of one attempt over everything.',
  })
  readonly timeoutMs?: number;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 1_000,
    default: 10,
    description: 'Attempts under way at once, per instance.',
  })
  readonly concurrency?: number;

  @ApiPropertyOptional({
    ...RATE_LIMIT,
    nullable: true,
    description:
      'How many requests start, per instance; `burst` of them at once after a pause. What comes faster waits, which costs no attempt. Default: not limited.',
  })
  readonly rateLimit?: unknown;

  @ApiPropertyOptional({
    type: OrderingRequest,
    nullable: true,
    description: 'Events of one source stream one after the other. Default: in any order.',
  })
  readonly ordering?: OrderingRequest | null;

  @ApiPropertyOptional({ default: true })
  readonly isReplayable?: boolean;

  @ApiPropertyOptional({ default: true, description: 'False: registered, but matches nothing.' })
  readonly isActive?: boolean;

  @ApiPropertyOptional({ type: 'string', nullable: true, maxLength: 1_000 })
  readonly description?: string | null;

  @ApiPropertyOptional({
    oneOf: [
      { type: 'string', enum: ['now', 'beginning'] },
      { type: 'object', properties: { position: { type: 'string' } } },
      { type: 'object', properties: { time: { type: 'string', format: 'date-time' } } },
    ],
    default: 'now',
    description: 'Where it begins to listen.',
  })
  readonly startFrom?: unknown;
}

/** OpenAPI description of a change: fields that are absent stay as they are, and a header that is `null` is dropped. */
export class ChangeWebhookRequest extends PartialType(
  OmitType(RegisterWebhookRequest, ['id', 'signingSecrets', 'startFrom'] as const),
) {}
