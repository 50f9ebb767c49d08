import { ApiProperty } from '@nestjs/swagger';
import {
  type RateLimit,
  type OrderingPolicy,
  type EnvelopeKind,
  envelopeKindOf,
  type RetryPolicy,
  type SigningKey,
  type SigningKind,
  signingOf,
  type SigningPolicy,
  type SigningProfile,
  type SourceSelection,
  type StoredFunction,
  type StoredQuestion,
  type VerificationKeys,
  type Webhook,
  type WebhookDefinitionRecord,
  type WebhookOwner,
  type WebhookStatus,
} from '../../registry/index.js';
import { AuthResponse, toAuthResponse } from './auth.response.js';
import { TlsResponse, toTlsResponse } from './tls.response.js';
import { RATE_LIMIT } from './rate-limit.schema.js';

/** What stands where a secret is. */
const MASK = '********';

const TIME = { type: 'string', format: 'date-time' } as const;

class SigningProfileResponse {
  @ApiProperty({ enum: ['standard', 'github', 'stripe'] })
  readonly kind!: SigningProfile['kind'];

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Names of the headers, in lower case.',
  })
  readonly headers!: SigningProfile['headers'];
}

class SigningResponse {
  @ApiProperty({ enum: ['symmetric', 'asymmetric', 'both'] })
  readonly keys!: SigningPolicy['keys'];

  @ApiProperty({ type: [SigningProfileResponse] })
  readonly profiles!: readonly SigningProfile[];
}

class OrderingResponse implements OrderingPolicy {
  @ApiProperty({ enum: ['source-stream'] })
  readonly by!: OrderingPolicy['by'];

  @ApiProperty({ enum: ['continue', 'hold'] })
  readonly onDeadLetter!: OrderingPolicy['onDeadLetter'];
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

  @ApiProperty({
    type: TlsResponse,
    nullable: true,
    description: '`null`: no certificates of its own.',
  })
  readonly tls!: TlsResponse | null;

  @ApiProperty({ type: SigningResponse })
  readonly signing!: SigningResponse;

  @ApiProperty({
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description: 'Which events are delivered: a JMESPath expression, or the version of a function.',
  })
  readonly filter!: StoredQuestion | null;

  @ApiProperty({ enum: ['standard', 'cloudevents', 'raw'] })
  readonly envelope!: EnvelopeKind;

  @ApiProperty({
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description:
      'What makes the body instead of an envelope: a JMESPath expression, or the version of a function.',
  })
  readonly transform!: StoredQuestion | null;

  @ApiProperty({
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description: 'What carries requests in place of HTTP: the version of a function.',
  })
  readonly sender!: StoredFunction | null;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly retry!: RetryPolicy;

  @ApiProperty()
  readonly timeoutMs!: number;

  @ApiProperty()
  readonly concurrency!: number;

  @ApiProperty({ ...RATE_LIMIT, nullable: true, description: '`null`: not limited.' })
  readonly rateLimit!: RateLimit | null;
  @ApiProperty({ type: OrderingResponse, nullable: true, description: '`null`: in any order.' })
  readonly ordering!: OrderingPolicy | null;

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

const SECRET = {
  type: 'string',
  nullable: true,
  example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
} as const;

const PUBLIC_KEY = {
  type: 'string',
  nullable: true,
  example: 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
} as const;

/** A webhook just registered, and what its receiver verifies with. */
export class RegisteredWebhookResponse extends WebhookResponse implements VerificationKeys {
  @ApiProperty({
    ...SECRET,
    description:
      'Shown this once. `null`: it signs with key pairs alone, or the secret is kept elsewhere.',
  })
  readonly signingSecret!: string | null;

  @ApiProperty({ ...PUBLIC_KEY, description: '`null`: it signs with secrets alone.' })
  readonly publicKey!: string | null;
}

/** What a receiver verifies with. Private keys are never shown. */
export class VerificationKeysResponse implements VerificationKeys {
  @ApiProperty({
    ...SECRET,
    description:
      'In clear. `null`: it signs with key pairs alone, or the secret is kept elsewhere.',
  })
  readonly signingSecret!: string | null;

  @ApiProperty({ ...PUBLIC_KEY, description: '`null`: it signs with secrets alone.' })
  readonly publicKey!: string | null;
}

class SigningKeyResponse implements SigningKey {
  @ApiProperty({ enum: ['symmetric', 'asymmetric'] })
  readonly kind!: SigningKind;

  @ApiProperty({ description: 'Names it where it is revoked.' })
  readonly fingerprint!: string;

  @ApiProperty({ ...PUBLIC_KEY, description: '`null`: a secret that is shared.' })
  readonly publicKey!: string | null;

  @ApiProperty({ description: 'Of its kind: receivers should verify with this one.' })
  readonly isNewest!: boolean;

  @ApiProperty({ ...TIME, nullable: true, description: '`null`: until it is replaced.' })
  readonly validUntil!: string | null;

  @ApiProperty({ description: 'Whether it lives in the code that declares the webhook.' })
  readonly isInCode!: boolean;
}

/** The keys that a webhook signs with. */
export class SigningKeysResponse {
  @ApiProperty({ type: [SigningKeyResponse], description: 'Newest first.' })
  readonly items!: readonly SigningKey[];
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
    auth: toAuthResponse(definition.auth, MASK),
    tls: toTlsResponse(definition.tls, MASK),
    signing: signingOf(definition),
    filter: definition.filter ?? null,
    envelope: envelopeKindOf(definition),
    transform: definition.transform ?? null,
    sender: definition.sender ?? null,
    retry: definition.retry,
    timeoutMs: definition.timeoutMs,
    concurrency: definition.concurrency,
    rateLimit: definition.rateLimit ?? null,
    ordering: definition.ordering ?? null,
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
