import {
  Controller,
  HttpCode,
  Logger,
  Post,
  type RawBodyRequest,
  Req,
  UnauthorizedException,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { verifyWebhook, WebhooksService, WebhookVerificationError } from 'posthorn';

const WEBHOOK_OF_DEPARTMENT: Readonly<Record<string, string>> = {
  fulfilment: 'shop-fulfilment',
  accounting: 'shop-accounting',
};

interface InboxRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The other side of the webhooks of the shop: verifies what comes in, and says so in the log. */
@ApiExcludeController()
@Controller('shop/inbox')
export class InboxController {
  readonly #logger = new Logger('ShopInbox');
  readonly #webhooks: WebhooksService;

  constructor(webhooks: WebhooksService) {
    this.#webhooks = webhooks;
  }

  @Post()
  @HttpCode(204)
  async receive(@Req() request: RawBodyRequest<InboxRequest>): Promise<void> {
    const department = String(request.headers['x-shop-department']);
    const webhookId = WEBHOOK_OF_DEPARTMENT[department];
    if (webhookId === undefined) throw new UnauthorizedException();
    const secret = await this.#webhooks.revealSigningSecret(webhookId);
    try {
      const message = verifyWebhook({
        payload: request.rawBody ?? '',
        headers: request.headers,
        secret,
      }) as { readonly type: string };
      this.#logger.log(`${department} received ${message.type}, the signature is right`);
    } catch (error) {
      if (error instanceof WebhookVerificationError) throw new UnauthorizedException();
      throw error;
    }
  }
}
