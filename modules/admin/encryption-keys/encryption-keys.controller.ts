import { Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { type EncryptionKey, WebhooksService } from '../../registry/index.js';
import { ApiController } from '../api-controller.decorator.js';

class EncryptionKeyResponse implements EncryptionKey {
  @ApiProperty()
  readonly keyId!: string;

  @ApiProperty({ description: 'Whether the instance that answers holds the key.' })
  readonly isHeld!: boolean;

  @ApiProperty({ description: 'Whether it encrypts with it.' })
  readonly isCurrent!: boolean;

  @ApiProperty({ description: 'Secrets of registered webhooks that are encrypted with it now.' })
  readonly secrets!: number;

  @ApiProperty({ description: 'Webhooks that these are of.' })
  readonly webhooks!: number;

  @ApiProperty({ type: [String], description: 'The first of these webhooks by id, at most 10.' })
  readonly webhookIds!: readonly string[];

  @ApiProperty({ description: 'Whether nothing is left that only this key opens.' })
  readonly canBeDropped!: boolean;
}

class EncryptionKeysResponse {
  @ApiProperty({ type: [EncryptionKeyResponse] })
  readonly items!: readonly EncryptionKey[];
}

/** How far a change of the encryption key has come. */
@ApiController('encryption-keys', 'Encryption keys')
export class EncryptionKeysController {
  readonly #webhooks: WebhooksService;

  constructor(webhooks: WebhooksService) {
    this.#webhooks = webhooks;
  }

  @Get()
  @ApiOperation({
    summary: 'List the encryption keys, and how many secrets are still encrypted with each',
    description: 'Ids of keys only, the current one first.',
  })
  @ApiOkResponse({ type: EncryptionKeysResponse })
  async list(): Promise<EncryptionKeysResponse> {
    return { items: await this.#webhooks.encryptionKeys() };
  }
}
