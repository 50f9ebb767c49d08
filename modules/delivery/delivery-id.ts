import { createHash } from 'node:crypto';

const PREFIX = 'dlv_';
const LENGTH = 27;

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
  return PREFIX + hash.digest('base64url').slice(0, LENGTH);
}

/** The characters of base64url in the order in which ids are compared. */
const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/**
 * A place among the ids of deliveries: as ids are hashes, this part of all ids is smaller.
 *
 * @param fraction from 0, before all ids, to 1, behind nearly all
 */
export function deliveryIdAt(fraction: number): string {
  let id = PREFIX;
  for (let rest = fraction; id.length < PREFIX.length + 4;) {
    const digit = Math.min(Math.floor(rest * ALPHABET.length), ALPHABET.length - 1);
    id += ALPHABET.charAt(digit);
    rest = rest * ALPHABET.length - digit;
  }
  return id;
}
