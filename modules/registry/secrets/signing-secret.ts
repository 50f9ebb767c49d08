import { randomBytes } from 'node:crypto';
import { DEFINITION_LIMITS } from '../definition/definition-limits.js';

/** How the text of a symmetric signing secret begins (Standard Webhooks 1.0.0). */
const PREFIX = 'whsec_';
const GENERATED_BYTES = 32;

/** A new signing secret: `whsec_` and the base64 text of 32 random bytes. */
export function generateSigningSecret(random: (size: number) => Buffer = randomBytes): string {
  return PREFIX + random(GENERATED_BYTES).toString('base64');
}

/** Whether `text` is `whsec_` and the base64 text of 24 to 64 bytes, as Standard Webhooks 1.0.0 asks. */
export function isSigningSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const body = text.slice(PREFIX.length);
  const bytes = Buffer.from(body, 'base64');
  return (
    bytes.toString('base64') === body &&
    bytes.length >= DEFINITION_LIMITS.signingSecretMinBytes &&
    bytes.length <= DEFINITION_LIMITS.signingSecretMaxBytes
  );
}
