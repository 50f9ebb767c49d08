import { Body, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Max, Min } from 'class-validator';
import { type SigningKind, WebhooksService } from '../../registry/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { REQUESTED_BY } from '../requested-by.js';
import { IsName } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { SigningKeysResponse, VerificationKeysResponse } from './webhook.response.js';

const LONGEST_OVERLAP_MS = 604_800_000;
const KINDS: readonly SigningKind[] = ['symmetric', 'asymmetric'];

class RotateSecretRequest {
  @Field(
    {
      rule: `one of ${KINDS.join(', ')}`,
      isOptional: true,
      enum: KINDS,
      description: 'Which keys are replaced. Default: those of every kind that it signs with.',
    },
    IsIn(KINDS),
  )
  readonly kind?: SigningKind;

  @Field(
    {
      rule: 'a signing secret (`whsec_...` or `whsk_...`)',
      isOptional: true,
      description: 'The new secret. Default: generated.',
    },
    IsString(),
  )
  readonly signingSecret?: string;

  @Field(
    {
      rule: `a whole number from 0 to ${LONGEST_OVERLAP_MS}`,
      isOptional: true,
      description: 'How long the secrets of before sign too, in milliseconds.',
      default: 86_400_000,
    },
    IsInt(),
    Min(0),
    Max(LONGEST_OVERLAP_MS),
  )
  readonly overlapMs?: number;
}

class RevokeSecretRequest {
  @Field(
    {
      rule: 'a fingerprint of 1 to 64 characters',
      description: 'Of one of the signing keys.',
      example: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    },
    IsName(64),
  )
  readonly fingerprint!: string;
}

/** The one place where a secret is shown: the shared signing secret, to whoever holds the API token. */
@ApiController('webhooks', 'Webhooks')
export class WebhookSecretsController {
  readonly #webhooks: WebhooksService;

  constructor(webhooks: WebhooksService) {
    this.#webhooks = webhooks;
  }

  @Get(':id/signing-keys')
  @ApiOperation({
    summary: 'List the keys that a webhook signs with, and until when',
    description: 'Public keys in full; no secret.',
  })
  @ApiOkResponse({ type: SigningKeysResponse })
  async list(@Param('id') id: string): Promise<SigningKeysResponse> {
    return { items: await this.#webhooks.signingKeys(id) };
  }

  /** @throws PosthornError `PSH_REGISTRY_CODE_MISSING` */
  @Post(':id/reveal-secret')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Show again what the receiver of a webhook verifies with' })
  @ApiOkResponse({ type: VerificationKeysResponse })
  reveal(@Param('id') id: string): Promise<VerificationKeysResponse> {
    return this.#webhooks.verificationKeys(id);
  }

  /** @throws PosthornError `PSH_REGISTRY_OWNED_BY_CODE` when the secret is in code, `PSH_REGISTRY_TOO_MANY_SECRETS` */
  @Post(':id/rotate-secret')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Sign with new keys, and with the old ones for a while' })
  @ApiOkResponse({ type: VerificationKeysResponse })
  async rotate(
    @Param('id') id: string,
    @Body() request: RotateSecretRequest,
  ): Promise<VerificationKeysResponse> {
    const { kind, overlapMs, signingSecret } = request;
    await this.#webhooks.rotateSecret(id, {
      by: REQUESTED_BY,
      ...(kind !== undefined && { kind }),
      ...(overlapMs !== undefined && { overlapMs }),
      ...(signingSecret !== undefined && { signingSecret }),
    });
    return this.#webhooks.verificationKeys(id);
  }

  /** @throws PosthornError `PSH_REGISTRY_UNKNOWN_SECRET`, `PSH_REGISTRY_LAST_SECRET` */
  @Post(':id/revoke-secret')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({
    summary: 'Let a key that was replaced sign no more, at once',
    description: 'The newest of its kind is rotated instead, with `overlapMs: 0`.',
  })
  @ApiOkResponse({ type: SigningKeysResponse })
  async revoke(
    @Param('id') id: string,
    @Body() { fingerprint }: RevokeSecretRequest,
  ): Promise<SigningKeysResponse> {
    await this.#webhooks.revokeSecret(id, fingerprint, { by: REQUESTED_BY });
    return this.list(id);
  }
}
