import { secretsIn } from '../definition/definition-secrets.js';
import type { Webhook, WebhookDirectory } from '../webhook.js';
import type { KeyRing } from './key-ring.js';

/** An encryption key, and what is encrypted with it. */
export interface EncryptionKey {
  readonly keyId: string;
  /** Whether this instance holds the key. */
  readonly isHeld: boolean;
  /** Whether this instance encrypts with it. */
  readonly isCurrent: boolean;
  /** Secrets of registered webhooks that are encrypted with it now. */
  readonly secrets: number;
  /** Webhooks that these are of. */
  readonly webhooks: number;
  /** The first of these webhooks by id, at most 10. */
  readonly webhookIds: readonly string[];
  /** Whether nothing is left that only this key opens: it may go from the ring of every instance. */
  readonly canBeDropped: boolean;
}

const SHOWN_WEBHOOKS = 10;

/** Which keys the secrets of the registered webhooks are encrypted with, kept up to date with the directory. */
export class KeyUsage {
  readonly #ring: KeyRing;
  /** Of each webhook with encrypted secrets the ids of their keys, one for each secret. */
  readonly #keyIds = new Map<string, readonly string[]>();
  readonly #missing = new Map<string, readonly string[]>();

  constructor(ring: KeyRing, directory: Pick<WebhookDirectory, 'onChange'>) {
    this.#ring = ring;
    directory.onChange((webhook) => {
      this.#note(webhook);
    });
  }

  /** Ids of the keys that this instance lacks, of each webhook that has a secret encrypted with one. */
  get missing(): ReadonlyMap<string, readonly string[]> {
    return this.#missing;
  }

  /** Webhooks that have a secret encrypted with a key that is held and not the current one. */
  stale(): readonly string[] {
    return [...this.#keyIds.keys()].filter((webhookId) => this.isStale(webhookId));
  }

  isStale(webhookId: string): boolean {
    const { currentId } = this.#ring;
    const keyIds = this.#keyIds.get(webhookId) ?? [];
    return keyIds.some((id) => id !== currentId && this.#ring.holds(id));
  }

  /**
   * The keys of the ring and those that are used without being there, the current one first.
   *
   * @param registryKeyId id of the key that the proof of the registry's key is encrypted with
   */
  keys(registryKeyId: string | undefined): readonly EncryptionKey[] {
    const used = new Map<string, { secrets: number; webhookIds: string[] }>(
      this.#ring.ids.map((id) => [id, { secrets: 0, webhookIds: [] }]),
    );
    for (const [webhookId, keyIds] of this.#keyIds) {
      for (const id of new Set(keyIds)) {
        const usage = used.get(id) ?? { secrets: 0, webhookIds: [] };
        usage.secrets += keyIds.filter((one) => one === id).length;
        usage.webhookIds.push(webhookId);
        used.set(id, usage);
      }
    }
    return [...used].map(([keyId, { secrets, webhookIds }]) => {
      const isCurrent = keyId === this.#ring.currentId;
      return {
        keyId,
        isHeld: this.#ring.holds(keyId),
        isCurrent,
        secrets,
        webhooks: webhookIds.length,
        webhookIds: webhookIds.sort().slice(0, SHOWN_WEBHOOKS),
        canBeDropped: secrets === 0 && !isCurrent && keyId !== registryKeyId,
      };
    });
  }

  #note({ id, status, definition }: Webhook): void {
    const secrets = status === 'removed' ? [] : secretsIn(definition);
    const keyIds = secrets.flatMap(({ secret }) =>
      secret.kind === 'encrypted' ? [secret.keyId] : [],
    );
    const missing = [...new Set(keyIds)].filter((keyId) => !this.#ring.holds(keyId));
    setOrDelete(this.#keyIds, id, keyIds);
    setOrDelete(this.#missing, id, missing);
  }
}

function setOrDelete(
  map: Map<string, readonly string[]>,
  key: string,
  values: readonly string[],
): void {
  if (values.length === 0) map.delete(key);
  else map.set(key, values);
}
