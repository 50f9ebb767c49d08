import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { DEFINITION_LIMITS } from '../definition/definition-limits.js';
import type { SigningKind, StoredSecret } from '../webhook.events.js';

/** How keys begin that are written as Standard Webhooks 1.0.0 says. */
const PREFIXES = { symmetric: 'whsec_', asymmetric: 'whsk_', public: 'whpk_' } as const;
const GENERATED_BYTES = 32;
const ED25519_BYTES = 32;
/** What stands before the 32 bytes of an ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** What a signing secret is, by its own text. */
export interface SigningSecret {
  readonly kind: SigningKind;
  /** `whpk_...` of an asymmetric one. */
  readonly publicKey?: string;
  /** Whether it is a text of another system, taken over as it is. */
  readonly isForeign: boolean;
}

/**
 * A new signing secret: `whsec_` and the base64 of 32 random bytes, or `whsk_` and that of an ed25519 private key, which
 * is 32 random bytes too (RFC 8032, section 5.1.5).
 */
export function generateSigningSecret(
  kind: SigningKind = 'symmetric',
  random: (size: number) => Buffer = randomBytes,
): string {
  return PREFIXES[kind] + random(GENERATED_BYTES).toString('base64');
}

/**
 * Reads a signing secret: `whsec_` and the base64 of 24 to 64 bytes; `whsk_` and the base64 of an ed25519 private key (its
 * 32 bytes, or these and its public key); or a text of another system, 24 to 64 printable ASCII characters.
 *
 * @returns `undefined` when it is none
 */
export function readSigningSecret(text: string): SigningSecret | undefined {
  if (text.startsWith(PREFIXES.symmetric)) {
    const bytes = decoded(text.slice(PREFIXES.symmetric.length));
    return bytes && isLongEnough(bytes) ? { kind: 'symmetric', isForeign: false } : undefined;
  }
  if (text.startsWith(PREFIXES.asymmetric)) {
    const publicKey = publicKeyOf(decoded(text.slice(PREFIXES.asymmetric.length)));
    return publicKey ? { kind: 'asymmetric', publicKey, isForeign: false } : undefined;
  }
  const isText = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/u.test(text);
  const isForeign = isText && !text.startsWith(PREFIXES.public) && isLongEnough(Buffer.from(text));
  return isForeign ? { kind: 'symmetric', isForeign } : undefined;
}

/** What is stored of a signing secret, with its public half where it has one. */
export function withPublicKey<Stored extends StoredSecret>(stored: Stored, text: string): Stored {
  // A reference has no text.
  const publicKey = readSigningSecret(text)?.publicKey;
  return publicKey === undefined ? stored : { ...stored, publicKey };
}

function publicKeyOf(bytes: Buffer | undefined): string | undefined {
  const hasBoth = bytes?.length === 2 * ED25519_BYTES;
  if (bytes?.length !== ED25519_BYTES && !hasBoth) return undefined;
  const der = Buffer.concat([PKCS8_PREFIX, bytes.subarray(0, ED25519_BYTES)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicBytes = createPublicKey(privateKey)
    .export({ format: 'der', type: 'spki' })
    .subarray(-ED25519_BYTES);
  if (hasBoth && !bytes.subarray(ED25519_BYTES).equals(publicBytes)) return undefined;
  return PREFIXES.public + publicBytes.toString('base64');
}

function isLongEnough(bytes: Buffer): boolean {
  return (
    bytes.length >= DEFINITION_LIMITS.signingSecretMinBytes &&
    bytes.length <= DEFINITION_LIMITS.signingSecretMaxBytes
  );
}

function decoded(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}
