import { ApiProperty, ApiPropertyOptional, PartialType, OmitType } from '@nestjs/swagger';

const RETRY_EXAMPLE = {
  kind: 'exponential',
  attempts: 8,
  initialMs: 1000,
  factor: 2,
  maxMs: 3600000,
};

class AuthRequest {
  @ApiProperty({ enum: ['none', 'bearer'] })
  readonly type!: 'none' | 'bearer';

  @ApiPropertyOptional({ writeOnly: true, description: 'With `bearer`. Encrypted; never shown.' })
  readonly token?: string;
}

/**
 * OpenAPI description of a webhook as it is registered. The registry itself checks it, so that REST, code and
 * declarations obey one set of rules.
 */
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
    additionalProperties: { type: 'string' },
    description: 'Static headers. Values are encrypted and never shown.',
  })
  readonly headers?: Readonly<Record<string, string>>;

  @ApiPropertyOptional({ type: AuthRequest })
  readonly auth?: AuthRequest;

  @ApiPropertyOptional({
    type: [String],
    writeOnly: true,
    description: '`whsec_...`, newest first. Default: one is generated.',
  })
  readonly signingSecrets?: readonly string[];

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
