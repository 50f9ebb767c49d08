import { Logger } from '@nestjs/common';
import { type CancelTimer, type Clock, isPosthornError } from '../../kernel/index.js';
import { secretsIn } from '../definition/definition-secrets.js';
import type { Webhook, WebhookDirectory } from '../webhook.js';
import type { ResealedSecret } from '../webhook.events.js';
import type { WebhookWriter } from '../webhook-writer.js';
import type { KeyRing } from './key-ring.js';
import type { KeyUsage } from './key-usage.js';
import type { VaultKeeper } from './vault-keeper.js';

interface ResealerParts {
  readonly ring: KeyRing;
  readonly keeper: VaultKeeper;
  readonly usage: KeyUsage;
  readonly directory: Pick<WebhookDirectory, 'find' | 'onChange'>;
  readonly writer: WebhookWriter;
  readonly clock: Clock;
}

/** Between two webhooks: at most 20 of them a second, so that 10,000 take nine minutes and nobody notices. */
const PAUSE_MS = 50;
/** After the event store could not be reached, and while another instance has a newer key. */
const LONG_PAUSE_MS = 30_000;
const BY = 'key-rotation';

/**
 * Encrypts again, under the current key, what is still encrypted under an older one: one webhook after the other, in the
 * background, from the start of the application on and whenever another instance records something under an older key.
 *
 * Guarantees: the clear text, the fingerprint and the digest stay, so nothing else changes. A webhook is written by
 * expected revision, so of several instances one records it and the others find it done. A kill in between leaves each
 * webhook under the one key or the other, and both open. While a deployment goes on, and instances differ in their
 * current key, only those work whose key was proven last: no secret goes to and fro.
 */
export class Resealer {
  readonly #parts: ResealerParts;
  readonly #logger = new Logger('Registry');
  readonly #waiting = new Set<string>();
  #stopListening: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isBusy = false;
  #isStopped = false;
  #done = 0;

  constructor(parts: ResealerParts) {
    this.#parts = parts;
  }

  /** Begins; while it works already, does nothing. */
  start(): void {
    if (this.#stopListening || this.#isStopped) return;
    const { directory, usage } = this.#parts;
    this.#stopListening = directory.onChange(({ id }) => {
      if (!usage.isStale(id)) return;
      this.#waiting.add(id);
      this.#continue(PAUSE_MS);
    });
    for (const webhookId of usage.stale()) this.#waiting.add(webhookId);
    if (this.#waiting.size > 0) {
      this.#logger.log(
        `the secrets of ${this.#waiting.size} webhooks are encrypted with keys of before: they are encrypted again`,
      );
    }
    this.#continue(PAUSE_MS);
  }

  /** Begins nothing more; a webhook under way is recorded, or is found as it was by the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#stopListening?.();
    this.#cancelTimer?.();
    this.#waiting.clear();
  }

  #continue(pauseMs: number): void {
    if (this.#isStopped || this.#isBusy || this.#cancelTimer || this.#waiting.size === 0) return;
    this.#cancelTimer = this.#parts.clock.setTimer(() => {
      this.#cancelTimer = undefined;
      void this.#next();
    }, pauseMs);
  }

  async #next(): Promise<void> {
    this.#isBusy = true;
    const pauseMs = await this.#resealNext();
    this.#isBusy = false;
    if (this.#waiting.size === 0 && this.#done > 0) {
      this.#logger.log(`the secrets of ${this.#done} webhooks were encrypted again`);
      this.#done = 0;
    }
    this.#continue(pauseMs);
  }

  /** @returns how long to wait before the next one */
  async #resealNext(): Promise<number> {
    const [webhookId] = this.#waiting;
    if (webhookId === undefined) return PAUSE_MS;
    try {
      const { keeper, ring } = this.#parts;
      if ((await keeper.provenKeyId()) !== ring.currentId) return LONG_PAUSE_MS;
      await this.#reseal(webhookId);
      this.#waiting.delete(webhookId);
      return PAUSE_MS;
    } catch (error) {
      return this.#failed(webhookId, error);
    }
  }

  async #reseal(webhookId: string): Promise<void> {
    const { directory, usage, writer, clock } = this.#parts;
    const webhook = directory.find(webhookId);
    if (!webhook || !usage.isStale(webhookId)) return;
    const at = new Date(clock.now()).toISOString();
    const resealed = this.#resealed(webhook);
    const { isChanged } = await writer.execute(webhookId, { type: 'reseal', resealed, at, by: BY });
    if (isChanged) this.#done++;
  }

  #resealed({ id: webhookId, definition }: Webhook): readonly ResealedSecret[] {
    const { ring, keeper } = this.#parts;
    return secretsIn(definition).flatMap(({ field, secret }) => {
      if (secret.kind !== 'encrypted') return [];
      const { keyId: from, fingerprint } = secret;
      if (from === ring.currentId || !ring.holds(from)) return [];
      return [
        { field, fingerprint, from, sealed: keeper.vault.reseal(secret, { webhookId, field }) },
      ];
    });
  }

  #failed(webhookId: string, error: unknown): number {
    const reason = error instanceof Error ? error.message : String(error);
    if (isPosthornError(error, 'PSH_REGISTRY_WRONG_KEY')) {
      // no further try would mend it: it is left as it is until the webhook changes
      this.#waiting.delete(webhookId);
      this.#logger.error(
        `the secrets of webhook "${webhookId}" cannot be encrypted again: ${reason}`,
      );
      return PAUSE_MS;
    }
    // behind the others, so that it holds up none of them
    this.#waiting.delete(webhookId);
    this.#waiting.add(webhookId);
    if (this.#isStopped) return LONG_PAUSE_MS;
    this.#logger.warn(`the secrets of webhook "${webhookId}" are encrypted again later: ${reason}`);
    return LONG_PAUSE_MS;
  }
}
