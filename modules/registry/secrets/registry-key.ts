import { randomBytes } from 'node:crypto';
import { PosthornError } from '../../kernel/index.js';
import type { RegistryKeyChecked, SealedText } from '../webhook.events.js';
import type { KeyRing } from './key-ring.js';
import { seal, unseal } from './sealing.js';
import { SecretVault } from './secret-vault.js';

const FINGERPRINT_KEY_BYTES = 32;
const BOUND_TO = ['registry', 'fingerprint key'];

/** A vault, and what has to be recorded before it may be used; `undefined` when the record says so already. */
export interface OpenedVault {
  readonly vault: SecretVault;
  readonly toRecord: RegistryKeyChecked | undefined;
}

/**
 * Opens the vault of a registry with the newest proof of its key.
 *
 * The proof is the key of all fingerprints, encrypted with a key of the ring: opening it shows that the ring is that of
 * the registry. When the ring has a new key to encrypt with, the same fingerprint key is recorded again under it, so
 * that fingerprints outlive the keys.
 *
 * @param recorded the newest proof; `undefined` in a registry that has none yet
 * @param at time to record, ISO 8601
 * @throws PosthornError `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY` when the ring belongs to another registry
 */
export function openVault(
  ring: KeyRing,
  recorded: SealedText | undefined,
  at: string,
): OpenedVault {
  const key = recorded ? fingerprintKeyOf(ring, recorded) : randomBytes(FINGERPRINT_KEY_BYTES);
  const isCurrent = recorded?.keyId === ring.currentId;
  return {
    vault: new SecretVault(ring, key),
    toRecord: isCurrent ? undefined : proofOf(ring, key, at),
  };
}

function proofOf(ring: KeyRing, key: Buffer, at: string): RegistryKeyChecked {
  const fingerprintKey = seal(ring, key.toString('base64'), BOUND_TO);
  return { type: 'RegistryKeyChecked', data: { v: 1, fingerprintKey, at } };
}

function fingerprintKeyOf(ring: KeyRing, recorded: SealedText): Buffer {
  const key = Buffer.from(unseal(ring, recorded, BOUND_TO), 'base64');
  if (key.length === FINGERPRINT_KEY_BYTES) return key;
  throw new PosthornError('PSH_REGISTRY_WRONG_KEY', 'the proof of the registry key is damaged');
}
