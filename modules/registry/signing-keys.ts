import { kindOf } from './definition/signing-policy.js';
import type { SigningKind, StoredSecret } from './webhook.events.js';
import type { Webhook } from './webhook.js';

/** A key that a webhook signs with, as it may be shown: never the secret itself. */
export interface SigningKey {
  readonly kind: SigningKind;
  /** Tells it from others, and names it where it is revoked. */
  readonly fingerprint: string;
  /** `whpk_...` of a key pair; `null` of a secret that is shared. */
  readonly publicKey: string | null;
  /** Whether it is the newest of its kind: the one that receivers should verify with. */
  readonly isNewest: boolean;
  /** ISO 8601; `null`: until it is replaced. */
  readonly validUntil: string | null;
  /** Whether it lives in the code that declares the webhook. */
  readonly isInCode: boolean;
}

/** What a receiver verifies with. */
export interface VerificationKeys {
  /** `whsec_...` in clear: the newest secret that is shared; `null` where there is none, or where it is kept elsewhere. */
  readonly signingSecret: string | null;
  /** `whpk_...`: the newest public key; `null` where the webhook signs with secrets alone. */
  readonly publicKey: string | null;
}

/**
 * The keys that the webhook signs with, the newest first.
 *
 * @param now epoch milliseconds
 */
export function signingKeysOf({ definition }: Webhook, now: number): readonly SigningKey[] {
  const valid = definition.signingSecrets.filter((secret) => endOf(secret) > now);
  return valid.map((secret) => ({
    kind: kindOf(secret),
    fingerprint: secret.fingerprint,
    publicKey: secret.publicKey ?? null,
    isNewest: secret === valid.find((one) => kindOf(one) === kindOf(secret)),
    validUntil: secret.kind === 'code' ? null : (secret.expiresAt ?? null),
    isInCode: secret.kind === 'code',
  }));
}

/** When a signing secret stops to sign, in epoch milliseconds; `Infinity` until it is replaced. */
export function endOf(secret: StoredSecret): number {
  const isEnding = secret.kind !== 'code' && secret.expiresAt !== undefined;
  return isEnding ? Date.parse(secret.expiresAt) : Infinity;
}
