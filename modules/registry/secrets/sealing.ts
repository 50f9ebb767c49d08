import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { PosthornError } from '../../kernel/index.js';
import type { SealedText } from '../webhook.events.js';
import type { KeyRing } from './key-ring.js';

const PURPOSE = 'secret encryption';
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts `text` with the current key.
 *
 * @param bound what the text belongs to: opening it as anything else fails (associated data of AES-GCM)
 */
export function seal(ring: KeyRing, text: string, bound: readonly string[]): SealedText {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(ring, ring.currentId), iv, {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(Buffer.from(JSON.stringify(bound)));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return {
    keyId: ring.currentId,
    iv: iv.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/**
 * Decrypts what `seal` made.
 *
 * @throws PosthornError `PSH_REGISTRY_UNKNOWN_KEY` when the ring does not hold its key, `PSH_REGISTRY_WRONG_KEY` when
 *   the key is another one, or the sealed text was made for something else or altered
 */
export function unseal(ring: KeyRing, sealed: SealedText, bound: readonly string[]): string {
  const key = keyOf(ring, sealed.keyId);
  try {
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(sealed.iv, 'base64'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(JSON.stringify(bound)));
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
    const ciphertext = Buffer.from(sealed.ciphertext, 'base64');
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
  } catch {
    throw new PosthornError(
      'PSH_REGISTRY_WRONG_KEY',
      `${bound.join(' ')}: the key "${sealed.keyId}" does not open what was encrypted with it`,
    );
  }
}

function keyOf(ring: KeyRing, keyId: string): Buffer {
  const key = ring.derive(keyId, PURPOSE);
  if (key) return key;
  throw new PosthornError(
    'PSH_REGISTRY_UNKNOWN_KEY',
    `the key "${keyId}" is not in the key ring, which holds: ${ring.ids.join(', ')}`,
  );
}
