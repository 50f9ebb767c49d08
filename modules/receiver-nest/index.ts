export { VerifiedWebhook } from './verified-webhook.decorator.js';
export { WEBHOOK_GUARD_OPTIONS, WebhookGuard, type WebhookGuardOptions } from './webhook-guard.js';
export { WebhookReceiverModule } from './webhook-receiver.module.js';
