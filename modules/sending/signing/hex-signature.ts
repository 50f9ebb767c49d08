import { createHmac } from 'node:crypto';
import type { SymmetricKey } from './signing-secret.js';

/**
 * As GitHub signs: HMAC-SHA256 over the body alone, in lower-case hex behind `sha256=`. During a rotation there are
 * several, the newest first, separated by commas.
 * Source: GitHub, "Validating webhook deliveries".
 */
export function githubSignature(keys: readonly SymmetricKey[], body: Buffer): string {
  return keys.map(({ text }) => `sha256=${hexOf(text, '', body)}`).join(',');
}

/**
 * As Stripe signs: HMAC-SHA256 over `timestamp.body`, in lower-case hex behind `v1=`, once for each secret.
 * Source: Stripe, "Verify webhook signatures manually".
 *
 * @param timestamp seconds since the epoch
 */
export function stripeSignature(
  keys: readonly SymmetricKey[],
  timestamp: number,
  body: Buffer,
): string {
  const signatures = keys.map(({ text }) => `v1=${hexOf(text, `${timestamp}.`, body)}`);
  return [`t=${timestamp}`, ...signatures].join(',');
}

function hexOf(key: SymmetricKey['text'], prefix: string, body: Buffer): string {
  return createHmac('sha256', key).update(prefix).update(body).digest('hex');
}
