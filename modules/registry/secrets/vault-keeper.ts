import { type Clock, PosthornError } from '../../kernel/index.js';
import type { CommandDeadline } from '../directory/command-deadline.js';
import type { RegistryLog } from '../directory/registry-log.js';
import type { KeyRing } from './key-ring.js';
import { openVault } from './registry-key.js';
import type { SecretVault } from './secret-vault.js';

/** How often another instance may record a proof in between. */
const MAX_TRIES = 10;

/**
 * Keeps the vault of this instance. It opens before anything is written: an instance with the wrong key fails here,
 * and not when a webhook is sent.
 */
export class VaultKeeper {
  readonly #log: RegistryLog;
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  readonly #deadline: CommandDeadline;
  #opening: Promise<SecretVault> | undefined;
  #vault: SecretVault | undefined;

  constructor(log: RegistryLog, ring: KeyRing, clock: Clock, deadline: CommandDeadline) {
    this.#log = log;
    this.#ring = ring;
    this.#clock = clock;
    this.#deadline = deadline;
  }

  /** The vault, once it was opened. */
  get vault(): SecretVault {
    if (this.#vault) return this.#vault;
    throw new PosthornError('PSH_KERNEL_INTERNAL', 'the vault is used before it was opened');
  }

  /**
   * Opens the vault against the recorded proof, and records one where there is none or the current key has none. What
   * failed is tried again by the next call.
   *
   * @throws PosthornError `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`, `PSH_REGISTRY_UNAVAILABLE`,
   *   `PSH_REGISTRY_OUTCOME_UNKNOWN`
   */
  open(): Promise<SecretVault> {
    this.#opening ??= this.#deadline
      .within((signal) => this.#open(signal))
      .catch((error: unknown) => {
        this.#opening = undefined;
        throw error;
      });
    return this.#opening;
  }

  /**
   * Id of the key that the newest proof is encrypted with: the current key of the instance that was last to bring
   * another one. `undefined` in a registry that has no proof yet.
   *
   * @throws PosthornError `PSH_REGISTRY_UNAVAILABLE`
   */
  async provenKeyId(): Promise<string | undefined> {
    return (await this.#log.keyProof())?.sealed.keyId;
  }

  async #open(signal: AbortSignal): Promise<SecretVault> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const proof = await this.#log.keyProof();
      const at = new Date(this.#clock.now()).toISOString();
      const { vault, toRecord } = openVault(this.#ring, proof?.sealed, at);
      const recorded =
        toRecord && (await this.#log.appendKeyProof(toRecord, proof?.revision ?? -1n, signal));
      if (recorded === 'conflict') continue;
      this.#vault = vault;
      return vault;
    }
    throw new PosthornError('PSH_REGISTRY_CONTENDED', 'the proof of the key changes all the time');
  }
}
