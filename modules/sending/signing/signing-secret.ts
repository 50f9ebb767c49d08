import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { PosthornError } from '../../kernel/index.js';

/** A secret that sender and receiver share. */
export interface SymmetricKey {
  readonly kind: 'symmetric';
  /** The key of Standard Webhooks: the bytes that `whsec_` encodes. */
  readonly bytes: KeyObject;
  /** The key of the other profiles: the secret as it is written, which is how the libraries of those styles take it. */
  readonly text: KeyObject;
}

/** The private half of an ed25519 key pair. */
export interface AsymmetricKey {
  readonly kind: 'asymmetric';
  readonly privateKey: KeyObject;
}

export type SigningKey = SymmetricKey | AsymmetricKey;

const SYMMETRIC_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const FEWEST_BYTES = 24;
const MOST_BYTES = 64;
const ED25519_BYTES = 32;
/** What stands before the 32 bytes of an ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The key in a signing secret:
 *
 * - `whsec_` and the base64 of 24 to 64 bytes: symmetric.
 * - `whsk_` and the base64 of an ed25519 private key: its 32 bytes, or these and the 32 of its public key.
 * - any other text of 24 to 64 printable ASCII characters: symmetric, taken over from another system; its own bytes are
 *   the key.
 *
 * Source: Standard Webhooks 1.0.0, "Signature scheme" and "Migrating to Standard Webhooks".
 *
 * @throws PosthornError PSH_SENDING_INVALID_SECRET; its message does not repeat the secret
 */
export function parseSigningSecret(secret: string): SigningKey {
  if (secret.startsWith(PRIVATE_PREFIX)) {
    const privateKey = privateKeyOf(decoded(secret.slice(PRIVATE_PREFIX.length)));
    return { kind: 'asymmetric', privateKey };
  }
  const bytes = symmetricBytes(secret);
  if (bytes.length < FEWEST_BYTES || bytes.length > MOST_BYTES) {
    throw invalid(`it has ${bytes.length} bytes, not ${FEWEST_BYTES} to ${MOST_BYTES}`);
  }
  const text = createSecretKey(Buffer.from(secret));
  return { kind: 'symmetric', bytes: createSecretKey(bytes), text };
}

function symmetricBytes(secret: string): Buffer {
  if (secret.startsWith(SYMMETRIC_PREFIX)) return decoded(secret.slice(SYMMETRIC_PREFIX.length));
  if (secret.startsWith(PUBLIC_PREFIX)) throw invalid('it is a public key');
  if (!PRINTABLE.test(secret)) throw invalid('it holds characters that none may');
  return Buffer.from(secret);
}

/** @param bytes seed of 32 bytes (RFC 8032), or seed and public key, as NaCl writes it */
function privateKeyOf(bytes: Buffer): KeyObject {
  const seed = bytes.subarray(0, ED25519_BYTES);
  if (bytes.length !== ED25519_BYTES && bytes.length !== 2 * ED25519_BYTES) {
    throw invalid(
      `it has ${bytes.length} bytes, not the ${ED25519_BYTES} of an ed25519 private key`,
    );
  }
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const given = bytes.subarray(ED25519_BYTES);
  if (given.length > 0 && !given.equals(publicBytesOf(privateKey))) {
    throw invalid('its public key is not that of its private key');
  }
  return privateKey;
}

function publicBytesOf(privateKey: KeyObject): Buffer {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return der.subarray(-ED25519_BYTES);
}

function decoded(text: string): Buffer {
  if (!BASE64.test(text)) throw invalid('it is not base64');
  return Buffer.from(text, 'base64');
}

function invalid(reason: string): PosthornError {
  return new PosthornError(
    'PSH_SENDING_INVALID_SECRET',
    `The signing secret is not valid: ${reason}.`,
  );
}
