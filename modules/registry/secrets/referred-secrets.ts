import { Logger } from '@nestjs/common';
import { type Clock, PosthornError } from '../../kernel/index.js';
import { SECRET_FIELDS, secretsIn } from '../definition/definition-secrets.js';
import type { ReferredSecret } from '../webhook.events.js';
import type { Webhook } from '../webhook.js';
import {
  SECRET_RESOLVER_DEFAULTS,
  SECRET_RESOLVER_LIMITS,
  type SecretResolver,
} from './secret-resolver.js';
import { readSigningSecret } from './signing-secret.js';

interface Found {
  readonly text: string;
  /** On the monotonic clock. */
  readonly at: number;
}

/** How long nobody asks again after a failure, so that a vault that is down is not asked for every delivery. */
const PAUSE_MS = 2_000;

/** An answer this young is what the vault holds: that it was refused is no reason to ask again. */
const FRESH_MS = 3_000;

/**
 * The secrets that webhooks refer to, as the application's resolver answered: each kept for a bounded time, asked for once
 * at a time and no longer than it may take, and after a failure not again at once.
 */
export class ReferredSecrets {
  readonly #resolver: SecretResolver | undefined;
  readonly #clock: Clock;
  readonly #logger = new Logger('Registry');
  readonly #cacheMs: number;
  readonly #timeoutMs: number;
  /** By webhook: what was found, by field and reference. */
  readonly #found = new Map<string, Map<string, Found>>();
  readonly #asking = new Map<string, Promise<void>>();
  /** By webhook: when it failed last, on the monotonic clock. */
  readonly #failedAt = new Map<string, number>();

  constructor(resolver: SecretResolver | undefined, clock: Clock) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#cacheMs = bounded(resolver?.cacheMs, 'cacheMs');
    this.#timeoutMs = bounded(resolver?.timeoutMs, 'timeoutMs');
  }

  /**
   * Looks up what the webhook refers to. @returns `undefined` when there is nothing to wait for
   *
   * @throws PosthornError `PSH_REGISTRY_SECRET_UNAVAILABLE`, as a rejection
   */
  resolve(webhook: Webhook): Promise<void> | undefined {
    const due = referredIn(webhook).filter((one) => !this.#isFound(webhook.id, one));
    if (due.length === 0) return undefined;
    let asking = this.#asking.get(webhook.id);
    if (!asking) {
      asking = this.#ask(webhook, due).finally(() => this.#asking.delete(webhook.id));
      this.#asking.set(webhook.id, asking);
    }
    return asking;
  }

  /**
   * The secret as it was looked up.
   *
   * @throws PosthornError `PSH_REGISTRY_SECRET_UNAVAILABLE`
   */
  reveal(webhookId: string, field: string, { reference }: ReferredSecret): string {
    const found = this.#found.get(webhookId)?.get(keyOf(field, reference));
    if (found) return found.text;
    throw unavailable(webhookId, field);
  }

  /**
   * The endpoint refused what it was sent: what was looked up a while ago may have been replaced since.
   *
   * @returns whether there was such a thing, so that it is worth another attempt
   */
  renew(webhookId: string): boolean {
    const found = this.#found.get(webhookId);
    if (!found) return false;
    const isOld = ({ at }: Found): boolean => this.#clock.monotonic() - at > FRESH_MS;
    const old = [...found].filter(([, one]) => isOld(one));
    for (const [key] of old) found.delete(key);
    return old.length > 0;
  }

  /** Forgets what was looked up for the webhook. */
  forget(webhookId: string): void {
    this.#found.delete(webhookId);
    this.#failedAt.delete(webhookId);
  }

  #isFound(webhookId: string, { field, reference }: Referred): boolean {
    const found = this.#found.get(webhookId)?.get(keyOf(field, reference));
    return found !== undefined && this.#clock.monotonic() - found.at < this.#cacheMs;
  }

  async #ask(webhook: Webhook, due: readonly Referred[]): Promise<void> {
    const failedAt = this.#failedAt.get(webhook.id) ?? -Infinity;
    const [first] = due;
    if (first && this.#clock.monotonic() - failedAt < PAUSE_MS) {
      throw unavailable(webhook.id, first.field);
    }
    const answers = await Promise.all(due.map((one) => this.#lookUp(webhook, one)));
    const found = this.#found.get(webhook.id) ?? new Map<string, Found>();
    const at = this.#clock.monotonic();
    answers.forEach((text, index) => {
      const one = due[index];
      if (one) found.set(keyOf(one.field, one.reference), { text, at });
    });
    this.#found.set(webhook.id, found);
    if (this.#failedAt.delete(webhook.id)) {
      this.#logger.log(`the secrets of webhook "${webhook.id}" can be looked up again`);
    }
  }

  async #lookUp(webhook: Webhook, { field, reference }: Referred): Promise<string> {
    try {
      const text: unknown = await this.#answered(webhook, field, reference);
      if (typeof text === 'string' && isUsable(field, text)) return text;
      throw new TypeError('the resolver answered no secret that can be used');
    } catch (error) {
      const isFirst = !this.#failedAt.has(webhook.id);
      this.#failedAt.set(webhook.id, this.#clock.monotonic());
      if (isFirst) {
        // What the error says may quote the secret: its class is all that is told.
        const name = error instanceof Error ? error.constructor.name : 'an error';
        this.#logger.warn(
          `${field} of webhook "${webhook.id}" cannot be looked up (${name}): its deliveries wait`,
        );
      }
      this.#found.get(webhook.id)?.delete(keyOf(field, reference));
      throw unavailable(webhook.id, field);
    }
  }

  async #answered(webhook: Webhook, field: string, reference: string): Promise<unknown> {
    if (!this.#resolver) throw new TypeError('there is no resolver');
    const abort = new AbortController();
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.setTimer(() => {
        abort.abort();
        reject(new RangeError('the resolver takes too long'));
      }, this.#timeoutMs);
    });
    try {
      const { id: webhookId, definition } = webhook;
      const { tenantId } = definition;
      const request = { reference, tenantId, webhookId, field, signal: abort.signal };
      return await Promise.race([this.#resolver.resolve(request), late]);
    } finally {
      cancel();
    }
  }
}

interface Referred {
  readonly field: string;
  readonly reference: string;
}

const NONE: readonly Referred[] = [];

/** By definition, so that a webhook without references costs an attempt nothing. */
const REFERRED = new WeakMap<object, readonly Referred[]>();

function referredIn({ definition }: Webhook): readonly Referred[] {
  let referred = REFERRED.get(definition);
  if (!referred) {
    const all = secretsIn(definition).flatMap(({ field, secret }) =>
      secret.kind === 'reference' ? [{ field, reference: secret.reference }] : [],
    );
    referred = all.length === 0 ? NONE : all;
    REFERRED.set(definition, referred);
  }
  return referred;
}

/** Whether the webhook has secrets that are kept elsewhere. */
export function hasReferences(webhook: Webhook): boolean {
  return referredIn(webhook).length > 0;
}

/** Secrets go into headers, and a signing secret has to be one that is shared. */
function isUsable(field: string, text: string): boolean {
  if (field === SECRET_FIELDS.signingSecret) return readSigningSecret(text)?.kind === 'symmetric';
  return text !== '' && text.length <= LONGEST_SECRET && !/[\r\n\0]/u.test(text);
}

const LONGEST_SECRET = 16_384;

function keyOf(field: string, reference: string): string {
  return `${field} ${reference}`;
}

function unavailable(webhookId: string, field: string): PosthornError {
  return new PosthornError(
    'PSH_REGISTRY_SECRET_UNAVAILABLE',
    `${field} of webhook "${webhookId}" cannot be looked up now`,
  );
}

function bounded(given: number | undefined, name: 'cacheMs' | 'timeoutMs'): number {
  if (given === undefined || Number.isNaN(given)) return SECRET_RESOLVER_DEFAULTS[name];
  return Math.min(Math.max(given, 0), SECRET_RESOLVER_LIMITS[name]);
}
