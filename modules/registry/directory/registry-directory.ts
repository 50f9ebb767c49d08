import { Logger } from '@nestjs/common';
import type { WebhookCode } from '../declaration/webhook-code.js';
import type { FunctionStore } from '../functions/function-store.js';
import type { WebhookFunctions } from '../functions/webhook-functions.js';
import { tenantKeyOf } from '../matching/match-keys.js';
import { spanFilterOf } from '../matching/span-filter.js';
import { MatchingIndex } from '../matching/matching-index.js';
import type { CredentialStore } from '../secrets/credential-store.js';
import type { StartFrom } from '../webhook.events.js';
import type { MatchableEvent, Webhook, WebhookCredentials, WebhookDirectory } from '../webhook.js';
import { atMost } from './bounded-work.js';
import type { PlacedPointer } from './recorded-events.js';
import type { PlacedWebhookEvent, RegistryLog } from './registry-log.js';
import type { SourceEvent } from '../source-event.js';
import { SharedRead } from './shared-read.js';
import { advanceEntry, emptyEntry, type WebhookEntry } from './webhook-entry.js';

/** The part of the log before a registration that the webhook asked for: the job of a replay. */
export interface WebhookHistory {
  readonly webhook: Webhook;
  /** `beginning`, a position (the first one wanted) or a time; never `now`. */
  readonly startFrom: Exclude<StartFrom, 'now'>;
  /** Position at which the registration took effect: the feed handles what lies above it. */
  readonly upTo: bigint;
}

interface DirectoryParts {
  readonly log: RegistryLog;
  readonly code: WebhookCode;
  readonly credentials: CredentialStore;
  readonly functions: FunctionStore;
}

/** Webhook streams read at once while the directory catches up. */
const READS_AT_ONCE = 32;

/**
 * The registry in memory. One thing writes it: a read of the registry stream from where the last one ended, which loads
 * the webhook streams that the pointers name and then applies all pointers of a page without an await between them.
 */
export class RegistryDirectory implements WebhookDirectory {
  readonly #log: RegistryLog;
  readonly #code: WebhookCode;
  readonly #credentials: CredentialStore;
  readonly #functions: FunctionStore;
  readonly #logger = new Logger('Registry');
  readonly #entries = new Map<string, WebhookEntry>();
  readonly #index = new MatchingIndex();
  readonly #listeners = new Set<(webhook: Webhook) => void>();
  readonly #reads = new SharedRead(() => this.#catchUp());
  #nextPointer = 0n;

  constructor(parts: DirectoryParts) {
    this.#log = parts.log;
    this.#code = parts.code;
    this.#credentials = parts.credentials;
    this.#functions = parts.functions;
  }

  barrier(): Promise<void> {
    return this.#reads.request();
  }

  match(event: MatchableEvent): readonly Webhook[] {
    const { source } = event;
    return [...this.#index.matching(event)].flatMap(([id, { filter }]) => {
      const webhook = this.find(id);
      if (!webhook) return [];
      const isWanted = !filter || !source || this.#functions.isWanted(webhook, filter, source());
      return isWanted ? [webhook] : [];
    });
  }

  isWanted(webhook: Webhook, event: SourceEvent): boolean {
    const filter = spanFilterOf(webhook.definition);
    return !filter || this.#functions.isWanted(webhook, filter, event);
  }

  find(webhookId: string): Webhook | undefined {
    return this.#entries.get(webhookId)?.webhook;
  }

  all(): readonly Webhook[] {
    return [...this.#entries.values()]
      .flatMap(({ webhook }) => (webhook && webhook.status !== 'removed' ? [webhook] : []))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  missingCode(webhook: Webhook): string | null {
    return this.#code.missing(webhook);
  }

  credentials(webhook: Webhook): WebhookCredentials {
    return this.#credentials.credentials(webhook);
  }

  resolveSecrets(webhook: Webhook): Promise<void> | undefined {
    return this.#credentials.resolveSecrets(webhook);
  }

  /** The newest shared signing secret in clear, unless it is kept elsewhere. */
  sharedSecret(webhook: Webhook): string | null {
    return this.#credentials.sharedSecret(webhook);
  }

  renewSecrets(webhookId: string): boolean {
    return this.#credentials.renewSecrets(webhookId);
  }

  functions(webhook: Webhook): WebhookFunctions {
    return this.#functions.functions(webhook);
  }

  onChange(listener: (webhook: Webhook) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is known of an id, also when nothing is. */
  entry(webhookId: string): WebhookEntry {
    return this.#entries.get(webhookId) ?? emptyEntry(webhookId);
  }

  /** Revision of the last pointer that was applied; -1 when none was. */
  get appliedPointer(): bigint {
    return this.#nextPointer - 1n;
  }

  /**
   * The histories that the registered webhooks asked for with `startFrom`. Which of them were delivered already, by
   * webhook and registration, is for the replays to know.
   */
  histories(): readonly WebhookHistory[] {
    return this.all().flatMap((webhook) => {
      const { state, registeredAt } = this.entry(webhook.id);
      if (state.phase !== 'registered' || state.startFrom === 'now') return [];
      return [{ webhook, startFrom: state.startFrom, upTo: registeredAt }];
    });
  }

  async #catchUp(): Promise<void> {
    for (;;) {
      const page = await this.#log.pointers(this.#nextPointer);
      const events = await this.#eventsFor(page.pointers);
      for (const pointer of page.pointers) this.#apply(pointer, events);
      this.#nextPointer = page.next;
      if (page.isEnd) return;
    }
  }

  /** What the streams named by the pointers hold beyond what is known, up to the pointers. */
  async #eventsFor(
    pointers: readonly PlacedPointer[],
  ): Promise<ReadonlyMap<string, readonly PlacedWebhookEvent[]>> {
    const upTo = new Map<string, bigint>();
    for (const { webhookId, revision } of pointers) {
      if (revision > (upTo.get(webhookId) ?? this.entry(webhookId).revision)) {
        upTo.set(webhookId, revision);
      }
    }
    const events = new Map<string, readonly PlacedWebhookEvent[]>();
    await atMost(READS_AT_ONCE, upTo, async ([webhookId, last]) => {
      const from = this.entry(webhookId).revision + 1n;
      events.set(webhookId, await this.#log.webhookEvents(webhookId, from, last));
    });
    return events;
  }

  #apply(pointer: PlacedPointer, loaded: ReadonlyMap<string, readonly PlacedWebhookEvent[]>): void {
    const before = this.entry(pointer.webhookId);
    const behind = (loaded.get(pointer.webhookId) ?? []).filter(
      ({ revision }) => revision > before.revision && revision <= pointer.revision,
    );
    // what counts is what the stream holds: a pointer beyond its end must not hide the events to come
    const revision = behind.at(-1)?.revision;
    if (revision === undefined) return;
    const events = behind.flatMap(({ event }) => event ?? []);
    const entry = advanceEntry(before, { ...pointer, revision }, events);
    this.#entries.set(entry.id, entry);
    this.#credentials.forget(entry.id);
    this.#functions.forget(entry.id);
    if (!entry.webhook) return;
    this.#index.list(entry.id, tenantKeyOf(entry.webhook.definition), entry.spans);
    this.#announce(entry.webhook);
  }

  #announce(webhook: Webhook): void {
    for (const listener of this.#listeners) {
      try {
        listener(webhook);
      } catch (error) {
        this.#logger.error(`a listener failed on the change of webhook "${webhook.id}"`, error);
      }
    }
  }
}
