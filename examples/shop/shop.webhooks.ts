import { Inject } from '@nestjs/common';
import { type DefinitionBuilder, Webhook, type WebhookDefinition } from 'posthorn';
import { InvoiceSent, OrderPlaced, OrderShipped } from './shop.events.js';

/** Where the inbox of the shop can be reached; `null` when the server may not dial it. */
export const INBOX_URL = Symbol('shop.InboxUrl');

/** Tells the warehouse of orders. */
@Webhook({ id: 'shop-fulfilment' })
export class FulfilmentWebhook implements WebhookDefinition {
  constructor(@Inject(INBOX_URL) private readonly inboxUrl: string | null) {}

  define(webhook: DefinitionBuilder): void {
    toInbox(webhook, this.inboxUrl)
      .withEventTypes(OrderPlaced, OrderShipped)
      .withHeader('X-Shop-Department', 'fulfilment')
      .describedAs('Orders, for the warehouse');
  }
}

/** Tells accounting of everything that costs or earns money, with a retry schedule of its own. */
@Webhook({ id: 'shop-accounting' })
export class AccountingWebhook implements WebhookDefinition {
  constructor(@Inject(INBOX_URL) private readonly inboxUrl: string | null) {}

  define(webhook: DefinitionBuilder): void {
    toInbox(webhook, this.inboxUrl)
      .withEventTypes(OrderPlaced, InvoiceSent)
      .withHeader('X-Shop-Department', 'accounting')
      .withRetry({
        kind: 'exponential',
        attempts: 8,
        initialMs: 1_000,
        factor: 2,
        maxMs: 3_600_000,
      })
      .describedAs('Orders and invoices, for accounting');
  }
}

/** Without an inbox the webhook is registered and shown, but matches nothing, so nothing can fail. */
function toInbox(webhook: DefinitionBuilder, inboxUrl: string | null): DefinitionBuilder {
  return inboxUrl === null
    ? webhook.toUrl('https://shop.example/inbox').notActive()
    : webhook.toUrl(inboxUrl);
}
