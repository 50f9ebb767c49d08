export { type RawBodyRequest, readRawBody } from './raw-body.js';
export { RecentWebhooks, type RecentWebhooksOptions } from './recent-webhooks.js';
export type {
  SignatureHeaders,
  SignatureProfile,
  SignatureProfileKind,
} from './signature-profile.js';
export type { TrustedKeys, WebhookSecret } from './verification-keys.js';
export {
  type ReceivedWebhook,
  receiveWebhook,
  verifyWebhook,
  type VerifyWebhookOptions,
  type WebhookVerification,
} from './verify-webhook.js';
export type { WebhookHeaders } from './webhook-headers.js';
export {
  rawBodyMiddleware,
  receiveRequest,
  type VerificationOf,
  type VerifiedRequest,
  webhookMiddleware,
  type WebhookMiddleware,
  type WebhookReceiverOptions,
} from './webhook-middleware.js';
export {
  type WebhookVerificationCode,
  WebhookVerificationError,
} from './webhook-verification.error.js';
