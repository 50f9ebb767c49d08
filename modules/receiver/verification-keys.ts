import { createPublicKey, type KeyObject } from 'node:crypto';
import { WebhookVerificationError } from './webhook-verification.error.js';

/** A secret as it was handed over: `whsec_...`, a text of another system, or the bytes of a key. */
export type WebhookSecret = string | Uint8Array;

/** What a receiver trusts. At least one key is needed; a request is accepted when one of them signed it. */
export interface TrustedKeys {
  /** The secret that the sender shares: `whsec_...`, or the bytes of a key that was never written so. */
  readonly secret?: WebhookSecret;
  /** Several secrets, while one replaces another; in any order, beside or instead of `secret`. */
  readonly secrets?: readonly WebhookSecret[];
  /** The sender's ed25519 key, `whpk_...`. Have it from the sender itself, never from a request. */
  readonly publicKey?: string;
  /** Several public keys, while one replaces another; in any order, beside or instead of `publicKey`. */
  readonly publicKeys?: readonly string[];
}

const SYMMETRIC_PREFIX = 'whsec_';
const PUBLIC_PREFIX = 'whpk_';
const PRIVATE_PREFIX = 'whsk_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const ED25519_BYTES = 32;
/** What stands before the 32 bytes of an ed25519 public key in SPKI (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The keys that `v1` of Standard Webhooks is verified with: the bytes that `whsec_` encodes.
 *
 * @throws WebhookVerificationError `invalid_options`
 */
export function decodedSecrets(keys: TrustedKeys): readonly Uint8Array[] {
  return secretsOf(keys).map((secret) => {
    if (typeof secret !== 'string') return secret;
    const base64 = secret.startsWith(SYMMETRIC_PREFIX)
      ? secret.slice(SYMMETRIC_PREFIX.length)
      : secret;
    if (!BASE64.test(base64)) throw unusable('a secret is not whsec_ and base64');
    return Buffer.from(base64, 'base64');
  });
}

/**
 * The keys of the other styles: secrets as they are written, `whsec_` included.
 *
 * @throws WebhookVerificationError `invalid_options`
 */
export function writtenSecrets(keys: TrustedKeys): readonly Uint8Array[] {
  return secretsOf(keys).map((secret) =>
    typeof secret === 'string' ? Buffer.from(secret) : secret,
  );
}

/**
 * The keys that `v1a` of Standard Webhooks is verified with.
 *
 * @throws WebhookVerificationError `invalid_options`
 */
export function publicKeysOf({ publicKey, publicKeys = [] }: TrustedKeys): readonly KeyObject[] {
  return [...(publicKey === undefined ? [] : [publicKey]), ...publicKeys].map((text) => {
    const base64 = text.startsWith(PUBLIC_PREFIX) ? text.slice(PUBLIC_PREFIX.length) : '';
    const bytes = Buffer.from(BASE64.test(base64) ? base64 : '', 'base64');
    if (bytes.length !== ED25519_BYTES) throw unusable('a public key is not whpk_ and base64');
    const der = Buffer.concat([SPKI_PREFIX, bytes]);
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  });
}

/** A public key is known to everybody: taken for a secret, it would let everybody sign. */
function secretsOf({ secret, secrets = [] }: TrustedKeys): readonly WebhookSecret[] {
  const all = [...(secret === undefined ? [] : [secret]), ...secrets];
  for (const one of all) {
    if (one.length === 0) throw unusable('a secret is empty');
    if (typeof one !== 'string') continue;
    if (one.startsWith(PUBLIC_PREFIX)) throw unusable('a public key was given as a secret');
    if (one.startsWith(PRIVATE_PREFIX)) throw unusable('a private key was given as a secret');
  }
  return all;
}

function unusable(reason: string): WebhookVerificationError {
  return new WebhookVerificationError('invalid_options', reason);
}
