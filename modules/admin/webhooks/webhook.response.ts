import { ApiProperty } from '@nestjs/swagger';
import type {
  RetryPolicy,
  SourceSelection,
  Webhook,
  WebhookDefinitionRecord,
  WebhookOwner,
  WebhookStatus,
} from '../../registry/index.js';

/** What stands where a secret is. */
const MASK = '********';

const TIME = { type: 'string', format: 'date-time' } as const;

class AuthResponse {
  @ApiProperty({ enum: ['none', 'bearer'] })
  readonly type!: 'none' | 'bearer';

  @ApiProperty({ required: false, description: 'Masked.' })
  readonly token?: string;
}

/** A webhook as it is shown, secrets masked. */
export class WebhookResponse {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty()
  readonly url!: string;

  @ApiProperty({ type: [String] })
  readonly eventTypes!: readonly string[];

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly source!: SourceSelection;

  @ApiProperty({ type: 'string', nullable: true })
  readonly tenantId!: string | null;

  @ApiProperty()
  readonly isGlobal!: boolean;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Secret values are masked.',
  })
  readonly headers!: Readonly<Record<string, string>>;

  @ApiProperty({ type: AuthResponse })
  readonly auth!: AuthResponse;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly retry!: RetryPolicy;

  @ApiProperty()
  readonly timeoutMs!: number;

  @ApiProperty()
  readonly concurrency!: number;

  @ApiProperty()
  readonly isReplayable!: boolean;

  @ApiProperty()
  readonly isActive!: boolean;

  @ApiProperty({ type: 'string', nullable: true })
  readonly description!: string | null;

  @ApiProperty({ enum: ['active', 'inactive', 'paused', 'disabled', 'removed'] })
  readonly status!: WebhookStatus;

  @ApiProperty({ type: 'string', nullable: true })
  readonly disabledReason!: string | null;

  @ApiProperty({ enum: ['code', 'api'], description: 'Who may change it.' })
  readonly owner!: WebhookOwner;

  @ApiProperty({ type: 'number', nullable: true })
  readonly release!: number | null;

  @ApiProperty({ description: 'Of its stream; also the `ETag`.' })
  readonly revision!: string;

  @ApiProperty(TIME)
  readonly createdAt!: string;

  @ApiProperty(TIME)
  readonly updatedAt!: string;
}

/** A webhook just registered. */
export class RegisteredWebhookResponse extends WebhookResponse {
  @ApiProperty({
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    description: 'Shown this once.',
  })
  readonly signingSecret!: string;
}

/** A signing secret in clear. */
export class SigningSecretResponse {
  @ApiProperty({ example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
  readonly signingSecret!: string;
}

/** A page of webhooks. */
export class WebhookPageResponse {
  @ApiProperty({ type: [WebhookResponse], description: 'By id.' })
  readonly items!: readonly WebhookResponse[];

  @ApiProperty({ type: 'string', nullable: true })
  readonly nextCursor!: string | null;

  @ApiProperty()
  readonly total!: number;
}

/** Shows a webhook without any of its secrets. */
export function toWebhookResponse(webhook: Webhook): WebhookResponse {
  const { definition } = webhook;
  return {
    id: webhook.id,
    url: definition.url,
    eventTypes: definition.eventTypes,
    source: definition.source,
    tenantId: definition.tenantId,
    isGlobal: definition.isGlobal,
    headers: maskedHeaders(definition.headers),
    auth: definition.auth.type === 'bearer' ? { type: 'bearer', token: MASK } : { type: 'none' },
    retry: definition.retry,
    timeoutMs: definition.timeoutMs,
    concurrency: definition.concurrency,
    isReplayable: definition.isReplayable,
    isActive: definition.isActive,
    description: definition.description,
    status: webhook.status,
    disabledReason: webhook.disabledReason,
    owner: webhook.owner,
    release: webhook.release,
    revision: webhook.revision.toString(),
    createdAt: webhook.createdAt,
    updatedAt: webhook.updatedAt,
  };
}

function maskedHeaders(headers: WebhookDefinitionRecord['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : MASK,
    ]),
  );
}
