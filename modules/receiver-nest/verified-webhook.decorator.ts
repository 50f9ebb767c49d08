import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import {
  type ReceivedWebhook,
  type VerifiedRequest,
  WebhookVerificationError,
} from '../receiver/index.js';

/** The webhook that a `WebhookGuard` has verified: a `ReceivedWebhook`. Without the guard the handler is never called. */
export const VerifiedWebhook = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ReceivedWebhook => {
    const { webhook } = context.switchToHttp().getRequest<VerifiedRequest>();
    if (webhook) return webhook;
    throw new WebhookVerificationError('invalid_options', 'the handler has no WebhookGuard');
  },
);
