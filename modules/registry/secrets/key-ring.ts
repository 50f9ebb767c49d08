import { hkdfSync } from 'node:crypto';
import { PosthornError } from '../../kernel/index.js';

const KEY_BYTES = 32;

/**
 * The encryption keys of a registry by id: one to encrypt with, and those that secrets were encrypted with before.
 * Shows itself nowhere: keys are private fields.
 *
 * A new key comes in two deployments: first behind the old one, so that every instance can read what it encrypts, then
 * in front of it. The old one stays in the ring for as long as a secret is encrypted with it.
 */
export class KeyRing {
  /** Id of the key that new secrets are encrypted with. */
  readonly currentId: string;
  readonly #keys: ReadonlyMap<string, Buffer>;

  private constructor(currentId: string, keys: ReadonlyMap<string, Buffer>) {
    this.currentId = currentId;
    this.#keys = keys;
  }

  /**
   * Reads a key ring from its text: one key, or several as `id:key` separated by commas, the one to encrypt with first.
   * Each key is the base64 text of 32 bytes. A key without an id gets one that is derived from it.
   *
   * @throws PosthornError `PSH_REGISTRY_INVALID_KEY`; the message holds no part of a key
   */
  static parse(text: string): KeyRing {
    const keys = new Map<string, Buffer>();
    const parts = text.split(',').map((part) => part.trim());
    for (const part of parts) {
      const colon = part.indexOf(':');
      const key = keyOf(part.slice(colon + 1));
      const id = colon === -1 ? derivedIdOf(key) : part.slice(0, colon);
      if (!/^[A-Za-z0-9_-]{1,32}$/u.test(id)) {
        throw invalid('the id of a key is not 1 to 32 letters, digits, - or _');
      }
      if (keys.has(id)) throw invalid(`the key id "${id}" is given twice`);
      keys.set(id, key);
    }
    const [currentId = ''] = keys.keys();
    return new KeyRing(currentId, keys);
  }

  /** The ids of all keys, the one to encrypt with first. */
  get ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  holds(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /**
   * A key for one purpose, derived from the key of this id with HKDF-SHA-256 (RFC 5869); `undefined` if the ring does
   * not hold that id.
   */
  derive(keyId: string, purpose: string): Buffer | undefined {
    const key = this.#keys.get(keyId);
    return key && Buffer.from(hkdfSync('sha256', key, '', `posthorn ${purpose}`, KEY_BYTES));
  }
}

function keyOf(text: string): Buffer {
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES || key.toString('base64') !== text) {
    throw invalid('a key is not the base64 text of 32 bytes');
  }
  return key;
}

function derivedIdOf(key: Buffer): string {
  return Buffer.from(hkdfSync('sha256', key, '', 'posthorn key id', 4)).toString('hex');
}

function invalid(detail: string): PosthornError {
  return new PosthornError('PSH_REGISTRY_INVALID_KEY', detail);
}
