import { createSecretKey, type KeyObject } from 'node:crypto';
import { PosthornError } from '../../kernel/index.js';

const PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const FEWEST_BYTES = 24;
const MOST_BYTES = 64;

/**
 * The key in a signing secret: `whsec_` and the base64 of 24 to 64 bytes.
 * Source: Standard Webhooks 1.0.0, "Signature scheme".
 *
 * @throws PosthornError PSH_SENDING_INVALID_SECRET; its message does not repeat the secret
 */
export function parseSigningSecret(secret: string): KeyObject {
  if (!secret.startsWith(PREFIX)) throw invalid(`it does not begin with ${PREFIX}`);
  const text = secret.slice(PREFIX.length);
  if (!BASE64.test(text)) throw invalid('it is not base64');
  const key = Buffer.from(text, 'base64');
  if (key.length < FEWEST_BYTES || key.length > MOST_BYTES) {
    throw invalid(`it has ${key.length} bytes, not ${FEWEST_BYTES} to ${MOST_BYTES}`);
  }
  return createSecretKey(key);
}

function invalid(reason: string): PosthornError {
  return new PosthornError(
    'PSH_SENDING_INVALID_SECRET',
    `The signing secret is not valid: ${reason}.`,
  );
}
