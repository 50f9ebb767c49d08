import {
  type CanActivate,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
} from '@nestjs/common';
import {
  type RawBodyRequest,
  receiveRequest,
  type VerifiedRequest,
  type VerificationOf,
  type WebhookReceiverOptions,
  WebhookVerificationError,
} from '../receiver/index.js';

/** How a `WebhookGuard` verifies. */
export interface WebhookGuardOptions extends WebhookReceiverOptions {
  /** Keys and style of the signature: the same for all requests, or as the request says, by its path for instance. */
  readonly verification: VerificationOf<RawBodyRequest>;
}

/** Injection token of the `WebhookGuardOptions`. */
export const WEBHOOK_GUARD_OPTIONS = Symbol('posthorn.WebhookGuardOptions');

/**
 * Lets verified webhooks pass, and refuses every other request with 400, 401 or 413 and a `code`.
 *
 * It needs the raw body. Create the application with `{ rawBody: true }`, or put `rawBodyMiddleware()` before the paths on
 * which webhooks come in.
 *
 * @example
 * @Post('hooks')
 * @UseGuards(WebhookGuard)
 * receive(@VerifiedWebhook() { id, payload }: ReceivedWebhook) {}
 */
@Injectable()
export class WebhookGuard implements CanActivate {
  readonly #options: WebhookGuardOptions;

  constructor(@Inject(WEBHOOK_GUARD_OPTIONS) options: WebhookGuardOptions) {
    this.#options = options;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RawBodyRequest & VerifiedRequest>();
    try {
      request.webhook = await receiveRequest(request, this.#options.verification, this.#options);
      return true;
    } catch (error) {
      throw refusalOf(error);
    }
  }
}

/** A mistake of the receiver itself stays an error: it is logged, and the sender tries again. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof WebhookVerificationError) || error.status >= 500) return error;
  const { code, message, status } = error;
  return new HttpException({ statusCode: status, code, message }, status, { cause: error });
}
