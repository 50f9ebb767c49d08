import { createHmac, type KeyObject, sign } from 'node:crypto';
import type { SigningKey } from './signing-secret.js';

/** What is signed. */
export interface SignedContent {
  /** The `webhook-id`: without a dot, or the parts that are signed could be cut elsewhere. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  /** The exact bytes that are sent. */
  readonly body: Buffer;
}

/**
 * One signature over `id.timestamp.body`: `v1,` and HMAC-SHA256, or `v1a,` and ed25519 (RFC 8032), both in base64.
 * Source: Standard Webhooks 1.0.0, "Signature scheme".
 */
export function standardSignature(key: SigningKey, content: SignedContent): string {
  return key.kind === 'symmetric'
    ? `v1,${signV1(key.bytes, content)}`
    : `v1a,${signV1a(key.privateKey, content)}`;
}

function signV1(key: KeyObject, { id, timestamp, body }: SignedContent): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
}

/** ed25519 reads the message twice, so that it has to be in one piece. */
function signV1a(key: KeyObject, { id, timestamp, body }: SignedContent): string {
  const message = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return sign(null, message, key).toString('base64');
}
