import { createHash } from 'node:crypto';

/** What makes a delivery the same delivery, however often its event is observed. */
export interface DeliveryIdentity {
  readonly webhookId: string;
  readonly registration: number;
  readonly stream: string;
  readonly eventId: string;
}

/**
 * The id of a delivery, and the `webhook-id` header of each of its requests. Equal identities have equal ids.
 *
 * The source stream is part of it because EventStoreDB allows one event id in two streams. The text is base64url, so it
 * has no full stop: Standard Webhooks signs `id.timestamp.body`.
 */
export function deliveryIdOf(identity: DeliveryIdentity): string {
  const parts = [
    identity.webhookId,
    String(identity.registration),
    identity.stream,
    identity.eventId,
  ];
  const hash = createHash('sha256');
  // The length before each part keeps ('ab', 'c') and ('a', 'bc') apart.
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return `dlv_${hash.digest('base64url').slice(0, 27)}`;
}
