import { Body, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { IsInt, IsString, Max, Min } from 'class-validator';
import { WebhooksService } from '../../registry/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { REQUESTED_BY } from '../requested-by.js';
import { Field } from '../validation/field.decorator.js';
import { SigningSecretResponse } from './webhook.response.js';

const LONGEST_OVERLAP_MS = 604_800_000;

class RotateSecretRequest {
  @Field(
    {
      rule: 'a signing secret (`whsec_...`)',
      isOptional: true,
      description: 'The new secret. Default: one is generated.',
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

/** The one place where a secret is shown: the signing secret, to whoever holds the API token. */
@ApiController('webhooks', 'Webhooks')
export class WebhookSecretsController {
  readonly #webhooks: WebhooksService;

  constructor(webhooks: WebhooksService) {
    this.#webhooks = webhooks;
  }

  /** @throws PosthornError `PSH_REGISTRY_CODE_MISSING` */
  @Post(':id/reveal-secret')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Show the signing secret of a webhook again' })
  @ApiOkResponse({ type: SigningSecretResponse })
  reveal(@Param('id') id: string): Promise<SigningSecretResponse> {
    return this.#newest(id);
  }

  /** @throws PosthornError `PSH_REGISTRY_OWNED_BY_CODE` when the secret is in code */
  @Post(':id/rotate-secret')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Sign with a new secret, and with the old one for a while' })
  @ApiOkResponse({ type: SigningSecretResponse })
  async rotate(
    @Param('id') id: string,
    @Body() request: RotateSecretRequest,
  ): Promise<SigningSecretResponse> {
    const { overlapMs, signingSecret } = request;
    await this.#webhooks.rotateSecret(id, {
      by: REQUESTED_BY,
      ...(overlapMs !== undefined && { overlapMs }),
      ...(signingSecret !== undefined && { signingSecret }),
    });
    return this.#newest(id);
  }

  async #newest(id: string): Promise<SigningSecretResponse> {
    return { signingSecret: await this.#webhooks.revealSigningSecret(id) };
  }
}
