export { verifyWebhook, type VerifyWebhookOptions } from './verify-webhook.js';
export type { WebhookHeaders } from './webhook-headers.js';
export {
  type WebhookVerificationCode,
  WebhookVerificationError,
} from './webhook-verification.error.js';
