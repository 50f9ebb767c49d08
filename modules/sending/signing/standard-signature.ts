import { createHmac, type KeyObject } from 'node:crypto';

/**
 * One `v1` signature: HMAC-SHA256 over `id.timestamp.body`, in base64.
 * Source: Standard Webhooks 1.0.0, "Signature scheme".
 *
 * @param timestamp seconds since the epoch
 * @param body the exact bytes that are sent
 */
export function signV1(key: KeyObject, id: string, timestamp: number, body: Buffer): string {
  const signature = createHmac('sha256', key)
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return `v1,${signature}`;
}
