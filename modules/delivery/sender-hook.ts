import type { WebhookDirectory } from '../registry/index.js';
import type { Carry } from '../sending/index.js';
import type { ToldSubject } from './told-event.js';

/**
 * What carries the request of a delivery in place of HTTP; `null` when it goes over the network.
 *
 * @throws PosthornError `PSH_REGISTRY_CODE_MISSING`: without its hook, a request is not sent at all
 */
export function carryOf(
  { deliveryId, event, isReplay, tenantId, webhook }: ToldSubject & { readonly deliveryId: string },
  directory: Pick<WebhookDirectory, 'functions'>,
): Carry | null {
  if (!webhook.definition.sender) return null;
  const { send } = directory.functions(webhook);
  const known = { webhookId: webhook.id, deliveryId, tenantId, eventType: event.type, isReplay };
  return (request) => send?.({ ...request, ...known });
}
