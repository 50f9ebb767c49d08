import type { Type } from '@nestjs/common';
import { type Clock, PosthornError } from '../kernel/index.js';
import type { WebhookDecision } from './aggregate/webhook.commands.js';
import { defineAll } from './declaration/declaration-reader.js';
import type { DiscoveredWebhook, WebhookDiscovery } from './declaration/webhook-discovery.js';
import type { WebhookDefinition } from './declaration/webhook.decorator.js';
import { DefinitionBuilder } from './definition/definition-builder.js';
import {
  type DefinitionRules,
  parseDefinition,
  parsePatch,
  refuseIfAny,
} from './definition/definition-rules.js';
import { isWebhookId } from './definition/field-rules.js';
import { hasControlCharacter, Problems, quoted } from './definition/problems.js';
import type { WebhookInput, WebhookPatch } from './definition/webhook-input.js';
import { signingOf } from './definition/signing-policy.js';
import { checkNamedSecret, checkRotation } from './definition/signing-rules.js';
import type { RegistryDirectory } from './directory/registry-directory.js';
import type { EncryptionKey, KeyUsage } from './secrets/key-usage.js';
import type { VaultKeeper } from './secrets/vault-keeper.js';
import { type SigningKey, signingKeysOf, type VerificationKeys } from './signing-keys.js';
import type { SigningKind } from './webhook.events.js';
import type { Webhook } from './webhook.js';
import { DEFAULT_OVERLAP_MS, type WebhookRegistrar } from './webhook-registrar.js';
import type { CommandResult, ExecuteOptions, WebhookWriter } from './webhook-writer.js';

export interface CommandOptions extends ExecuteOptions {
  /** Who asks: what the audit trail shows. Default `application`. */
  readonly by?: string;
  /** Why, at most 500 characters. */
  readonly reason?: string;
}

export interface RegisterOptions {
  /** Who asks: what the audit trail shows. Default `application`. */
  readonly by?: string;
  /** Refuses when the id is registered already, instead of redefining it. Default `false`. */
  readonly mustBeNew?: boolean;
}

export interface RotateOptions extends ExecuteOptions {
  readonly by?: string;
  /** Which keys are replaced. Default: that of `signingSecret`, or those of every kind that the webhook signs with. */
  readonly kind?: SigningKind;
  /** The new secret, `whsec_...` or `whsk_...`; default: generated. */
  readonly signingSecret?: string;
  /** How long the secrets of before go on to sign, 0 to 7 days in milliseconds; default 24 hours. */
  readonly overlapMs?: number;
}

const APPLICATION = 'application';
const LONGEST_NOTE = 500;

interface ServiceParts {
  readonly directory: RegistryDirectory;
  readonly registrar: WebhookRegistrar;
  readonly writer: WebhookWriter;
  readonly keeper: VaultKeeper;
  readonly usage: KeyUsage;
  readonly discovery: WebhookDiscovery;
  readonly rules: DefinitionRules;
  readonly clock: Clock;
}

/**
 * The webhooks of an application. Every command resolves once its change is in effect for all instances: an event that
 * is appended afterwards is matched against it. Commands may be repeated: one that changes nothing records nothing.
 *
 * Every command may throw `PSH_REGISTRY_UNAVAILABLE`, `PSH_REGISTRY_OUTCOME_UNKNOWN` or `PSH_REGISTRY_CONTENDED`; one
 * about a webhook that does not exist `PSH_REGISTRY_NOT_FOUND`; one with `expectedRevision`
 * `PSH_REGISTRY_REVISION_MISMATCH`.
 */
export class WebhooksService {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /**
   * Registers a webhook, or redefines it if the id is registered: an equal definition changes nothing.
   *
   * @param id 1 to 64 letters, digits, `-` or `_`
   * @param url absolute https URL
   * @param configure says the rest; an event type is all that it must say
   * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION`, `PSH_REGISTRY_OWNED_BY_CODE`,
   *   `PSH_REGISTRY_ALREADY_REGISTERED`
   */
  register(
    id: string,
    url: string,
    configure?: (webhook: DefinitionBuilder) => unknown,
    options?: RegisterOptions,
  ): Promise<CommandResult>;
  /**
   * Registers the webhook that a class declares.
   *
   * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION`, `PSH_REGISTRY_NOT_DECLARED`, `PSH_REGISTRY_OWNED_BY_API`
   */
  register(declared: Type<WebhookDefinition>): Promise<CommandResult>;
  async register(
    what: string | Type<WebhookDefinition>,
    url?: string,
    configure?: (webhook: DefinitionBuilder) => unknown,
    options: RegisterOptions = {},
  ): Promise<CommandResult> {
    if (typeof what === 'function') return this.#registerDeclared(what);
    const builder = new DefinitionBuilder(url);
    await configure?.(builder);
    const draft = builder.build(what, this.#parts.rules);
    return this.#parts.registrar.registerByApi(what, draft, registering(options));
  }

  /**
   * Registers a webhook from plain data, as `register` does.
   *
   * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION`, `PSH_REGISTRY_OWNED_BY_CODE`,
   *   `PSH_REGISTRY_ALREADY_REGISTERED`
   */
  async define(
    id: string,
    definition: WebhookInput,
    options: RegisterOptions = {},
  ): Promise<CommandResult> {
    const draft = parseDefinition(id, definition, this.#parts.rules);
    return this.#parts.registrar.registerByApi(id, draft, registering(options));
  }

  /** The classes of this application that declare a webhook. */
  discover(): readonly DiscoveredWebhook[] {
    return this.#parts.discovery.discover();
  }

  /**
   * Registers every webhook that is declared, and pauses, removes or keeps those that no longer are. Happens by itself
   * when the application starts.
   */
  async registerDiscovered(): Promise<readonly CommandResult[]> {
    const { registrar, rules } = this.#parts;
    return registrar.registerAllDeclared(await defineAll(this.discover(), rules));
  }

  /** All webhooks that are registered, by id. */
  async all(): Promise<readonly Webhook[]> {
    await this.#parts.directory.barrier();
    return this.#parts.directory.all();
  }

  /** @throws PosthornError `PSH_REGISTRY_NOT_FOUND` */
  async get(id: string): Promise<Webhook> {
    await this.#parts.directory.barrier();
    const webhook = this.#parts.directory.find(id);
    if (!webhook || webhook.status === 'removed') throw notFound(id);
    return webhook;
  }

  /**
   * Changes the fields that `patch` names. New event types count from here on; nothing old is delivered for them.
   *
   * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION`, `PSH_REGISTRY_OWNED_BY_CODE`
   */
  async change(
    id: string,
    patch: WebhookPatch,
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    requireId(id);
    const draft = parsePatch(id, patch, this.#parts.rules);
    return this.#parts.registrar.change(id, draft, { ...options, by: byOf(options) });
  }

  /**
   * Holds the deliveries of a webhook: it goes on to claim events, and they are sent once it is resumed.
   *
   * @throws PosthornError `PSH_REGISTRY_DISABLED`
   */
  pause(id: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#decide(id, options, (note) => ({ type: 'pause', ...note }));
  }

  /** Lets a paused webhook go on, and enables a disabled one. */
  resume(id: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#decide(id, options, (note) => ({ type: 'resume', ...note }));
  }

  /** Enables a disabled webhook: another word for `resume`. */
  enable(id: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.resume(id, options);
  }

  /** Lets a webhook match nothing until it is enabled. @param reason such as `endpoint_gone` */
  disable(id: string, reason: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#decide(id, { ...options, reason }, (note) => ({
      type: 'disable',
      ...note,
      reason,
    }));
  }

  /**
   * Removes a webhook: it matches nothing, and what is pending is discarded. Its id may be registered again.
   *
   * @throws PosthornError `PSH_REGISTRY_OWNED_BY_CODE`
   */
  remove(id: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#decide(id, options, (note) => ({ type: 'remove', ...note }));
  }

  /**
   * Signs with new keys, and beside them with those of before for the overlap.
   *
   * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION`; `PSH_REGISTRY_OWNED_BY_CODE` when the secret is in code;
   *   `PSH_REGISTRY_TOO_MANY_SECRETS`
   */
  async rotateSecret(id: string, options: RotateOptions = {}): Promise<CommandResult> {
    requireId(id);
    const { overlapMs = DEFAULT_OVERLAP_MS, signingSecret } = options;
    const problems = new Problems();
    checkRotation({ ...options, overlapMs }, problems);
    if (signingSecret !== undefined) {
      const { definition } = await this.get(id);
      checkNamedSecret('signingSecret', signingSecret, signingOf(definition), problems);
    }
    refuseIfAny(id, problems.found);
    return this.#parts.registrar.rotateSecret(id, {
      ...options,
      overlapMs,
      by: byOf(options),
      ...(signingSecret !== undefined && { secret: signingSecret }),
    });
  }

  /**
   * Takes back a secret that still signs beside newer ones, at once.
   *
   * @param fingerprint of one of the `signingKeys`
   * @throws PosthornError `PSH_REGISTRY_UNKNOWN_SECRET`; `PSH_REGISTRY_LAST_SECRET` when nothing newer signs: rotate it
   *   with `overlapMs: 0`; `PSH_REGISTRY_OWNED_BY_CODE` when it is in code
   */
  revokeSecret(
    id: string,
    fingerprint: string,
    options: Omit<CommandOptions, 'reason'> = {},
  ): Promise<CommandResult> {
    return this.#decide(id, options, ({ at, by }) => ({
      type: 'revoke-secret',
      fingerprint,
      at,
      by,
    }));
  }

  /** The keys that a webhook signs with, newest first, and until when; public keys in full, and no secret. */
  async signingKeys(id: string): Promise<readonly SigningKey[]> {
    return signingKeysOf(await this.get(id), this.#parts.clock.now());
  }

  /**
   * What a receiver of the webhook verifies with, the shared secret in clear: for those who may see it. Private keys are
   * never shown.
   *
   * @throws PosthornError `PSH_REGISTRY_CODE_MISSING` when a secret is in code that this instance does not run;
   *   `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`
   */
  async verificationKeys(id: string): Promise<VerificationKeys> {
    await this.#parts.keeper.open();
    const { clock, directory } = this.#parts;
    const webhook = await this.get(id);
    const keys = signingKeysOf(webhook, clock.now());
    const publicKey = keys.find((key) => key.publicKey !== null)?.publicKey ?? null;
    return { signingSecret: directory.sharedSecret(webhook), publicKey };
  }

  /**
   * The newest shared signing secret in clear, for those who may see it.
   *
   * @throws PosthornError as `verificationKeys`; `PSH_REGISTRY_NO_SHARED_SECRET` where the webhook signs with key pairs
   *   alone
   */
  async revealSigningSecret(id: string): Promise<string> {
    const { signingSecret } = await this.verificationKeys(id);
    if (signingSecret !== null) return signingSecret;
    throw new PosthornError(
      'PSH_REGISTRY_NO_SHARED_SECRET',
      `the webhook "${id}" has no shared secret that is shown`,
    );
  }

  /**
   * The encryption keys, the current one first, and how many secrets are still encrypted with each: a key of before may
   * be dropped once `canBeDropped` says so. Secrets are encrypted again under the current key in the background.
   *
   * @throws PosthornError `PSH_REGISTRY_UNAVAILABLE`
   */
  async encryptionKeys(): Promise<readonly EncryptionKey[]> {
    const { directory, keeper, usage } = this.#parts;
    await directory.barrier();
    return usage.keys(await keeper.provenKeyId());
  }

  /**
   * Completes what a crash in the middle of a command left behind.
   *
   * @param webhookIds ids that have, or may have, a stream: those of a read model, say
   */
  async heal(webhookIds: Iterable<string>): Promise<void> {
    await this.#parts.keeper.open();
    await this.#parts.writer.heal([...webhookIds].filter(isWebhookId));
  }

  async #registerDeclared(type: Type<WebhookDefinition>): Promise<CommandResult> {
    const { discovery, registrar, rules } = this.#parts;
    const [defined] = await defineAll([discovery.find(type)], rules);
    if (defined) return registrar.registerDeclared(defined);
    throw new PosthornError('PSH_KERNEL_INTERNAL', 'one class has one definition');
  }

  async #decide(
    id: string,
    options: CommandOptions,
    decisionOf: (note: {
      readonly reason: string | null;
      readonly at: string;
      readonly by: string;
    }) => WebhookDecision,
  ): Promise<CommandResult> {
    requireId(id);
    const { reason = null } = options;
    const problems = new Problems();
    if (reason !== null && !isNote(reason)) {
      problems.add('reason', `this is not text of 1 to ${LONGEST_NOTE} characters`, 'Shorten it.');
    }
    refuseIfAny(id, problems.found);
    await this.#parts.keeper.open();
    const at = new Date(this.#parts.clock.now()).toISOString();
    return this.#parts.writer.execute(id, decisionOf({ reason, at, by: byOf(options) }), options);
  }
}

function registering(options: RegisterOptions): {
  readonly by: string;
  readonly mustBeNew: boolean;
} {
  return { by: byOf(options), mustBeNew: options.mustBeNew ?? false };
}

function byOf({ by }: { readonly by?: string }): string {
  return by ?? APPLICATION;
}

function isNote(text: unknown): boolean {
  return (
    typeof text === 'string' &&
    text.length > 0 &&
    text.length <= LONGEST_NOTE &&
    !hasControlCharacter(text)
  );
}

/** An id that no webhook can have is one that none has. */
function requireId(id: unknown): void {
  if (!isWebhookId(id)) throw notFound(id);
}

function notFound(id: unknown): PosthornError {
  const shown = typeof id === 'string' ? quoted(id) : 'of that kind';
  return new PosthornError('PSH_REGISTRY_NOT_FOUND', `there is no webhook ${shown}`);
}
