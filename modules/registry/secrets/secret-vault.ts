import { createHmac } from 'node:crypto';
import type { CodeSecret, EncryptedSecret, ReferredSecret, SealedText } from '../webhook.events.js';
import type { KeyRing } from './key-ring.js';
import { seal, unseal } from './sealing.js';

/** Which secret of which webhook: an encrypted secret opens only where it was put. */
export interface SecretPlace {
  readonly webhookId: string;
  /** Such as `auth.token`, `headers.x-api-key`, `signingSecret`. */
  readonly field: string;
}

const FINGERPRINT_DIGITS = 32;

/** Encrypts and opens the secrets of webhooks, and tells whether two are equal without either in clear. */
export class SecretVault {
  readonly #ring: KeyRing;
  readonly #fingerprintKey: Buffer;

  /** @param fingerprintKey 32 bytes that outlive every key of the ring, so that fingerprints stay comparable */
  constructor(ring: KeyRing, fingerprintKey: Buffer) {
    this.#ring = ring;
    this.#fingerprintKey = fingerprintKey;
  }

  /** Encrypts a secret with the current key. */
  encrypt(clear: string, place: SecretPlace): EncryptedSecret {
    return {
      kind: 'encrypted',
      ...seal(this.#ring, clear, boundTo(place)),
      fingerprint: this.fingerprint(clear, place),
    };
  }

  /**
   * The same secret encrypted with the current key.
   *
   * @throws PosthornError `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`
   */
  reseal(secret: EncryptedSecret, place: SecretPlace): SealedText {
    return seal(this.#ring, this.decrypt(secret, place), boundTo(place));
  }

  /** What is stored of a secret that is kept elsewhere: the reference in clear, and a fingerprint of it. */
  referredTo(reference: string, { webhookId, field }: SecretPlace): ReferredSecret {
    const fingerprint = this.fingerprint(reference, { webhookId, field: `${field} reference` });
    return { kind: 'reference', reference, fingerprint };
  }

  /** What is stored of a secret that stays in code. */
  inCode(clear: string, place: SecretPlace): CodeSecret {
    return { kind: 'code', fingerprint: this.fingerprint(clear, place) };
  }

  /**
   * The clear text of an encrypted secret.
   *
   * @throws PosthornError `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`
   */
  decrypt(secret: EncryptedSecret, place: SecretPlace): string {
    return unseal(this.#ring, secret, boundTo(place));
  }

  /** Keyed fingerprint (HMAC-SHA-256, 128 bits): equal for equal secrets at the same place, and telling nothing else. */
  fingerprint(clear: string, place: SecretPlace): string {
    return createHmac('sha256', this.#fingerprintKey)
      .update(JSON.stringify([...boundTo(place), clear]))
      .digest('hex')
      .slice(0, FINGERPRINT_DIGITS);
  }
}

function boundTo(place: SecretPlace): readonly string[] {
  return ['webhook', place.webhookId, place.field];
}
