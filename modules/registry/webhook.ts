import type { SourceEvent } from './source-event.js';
import type { WebhookFunctions } from './functions/webhook-functions.js';
import type {
  AuthOf,
  RateLimit,
  RetryPolicy,
  SourceSelection,
  TlsOf,
  WebhookDefinitionRecord,
  WebhookOwner,
  WebhookStatus,
} from './webhook.events.js';

/** A webhook as the registry of this instance knows it. Holds no secret in clear. */
export interface Webhook {
  readonly id: string;
  readonly registration: number;
  readonly owner: WebhookOwner;
  readonly release: number | null;
  readonly status: WebhookStatus;
  /** Why it is disabled; `null` when it is not. */
  readonly disabledReason: string | null;
  readonly definition: WebhookDefinitionRecord;
  readonly digest: string;
  /** Revision of its stream: the `ETag` of the REST face. */
  readonly revision: bigint;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What of an observed event decides whether a webhook is a member. */
export interface MatchableEvent {
  readonly type: string;
  readonly stream: string;
  readonly tenantId: string | null;
  /** Commit position in the log. */
  readonly position: bigint;
  /** The event itself, for filters: asked for only where a webhook has one. Absent: no filter is asked. */
  readonly source?: () => SourceEvent;
}

/** The clear-text credentials with which one attempt is sent. Never logged, never recorded. */
export interface WebhookCredentials {
  /** `whsec_...`, `whsk_...` or a secret of another system, newest first. */
  readonly signingSecrets: readonly string[];
  /** How requests are authorised. */
  readonly auth: AuthOf<string>;
  /** Certificates of its own; `null`: none. */
  readonly tls: TlsOf<string> | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The registry of this instance in memory: every webhook, matched in time that grows with the matches and not with the
 * webhooks. It follows `posthorn.registry`.
 */
export interface WebhookDirectory {
  /**
   * Resolves when the directory holds every registry change that was recorded before this call. Concurrent calls share
   * one read of the registry's tail that starts after each of them.
   */
  barrier(): Promise<void>;
  /**
   * The webhooks that the event is a member of: selection matches, tenant matches, and the position lies in a span in
   * which the webhook was subscribed and not disabled; and the filter of that span wants the event, fails on it, or is
   * code that is not here. Paused webhooks are among them: their deliveries are held.
   */
  match(event: MatchableEvent): readonly Webhook[];
  /**
   * Whether the filter that the webhook has now wants the event. What it fails on, and what waits for code that is not
   * here, is wanted.
   */
  isWanted(webhook: Webhook, event: SourceEvent): boolean;
  /** The webhook with this id; removed ones too, until the process restarts. */
  find(webhookId: string): Webhook | undefined;
  /** All that are not removed, by id. */
  all(): readonly Webhook[];
  /**
   * Whether this instance can send for the webhook: what a declared webhook keeps in code, secrets and functions, must
   * be here, with the same digest. @returns `null` when it can, else the digest that is needed
   */
  missingCode(webhook: Webhook): string | null;
  /**
   * Looks up the secrets that the webhook refers to, for `credentials`; rejects with `PSH_REGISTRY_SECRET_UNAVAILABLE`.
   * @returns `undefined` when there is nothing to wait for
   */
  resolveSecrets(webhook: Webhook): Promise<void> | undefined;
  /**
   * The endpoint refused the credentials: secrets that were looked up a while ago are looked up again.
   * @returns whether there are such, so that another attempt may fare better
   */
  renewSecrets(webhookId: string): boolean;
  /** Decrypts, or takes from code, what an attempt for this webhook is sent with. */
  credentials(webhook: Webhook): WebhookCredentials;
  /**
   * What of the webhook can be called: functions that the code of this instance declares.
   *
   * @throws PosthornError `PSH_REGISTRY_CODE_MISSING` when they are not here
   */
  functions(webhook: Webhook): WebhookFunctions;
  /** Calls `listener` after each change; returns what ends it. */
  onChange(listener: (webhook: Webhook) => void): () => void;
}

export const WEBHOOK_DIRECTORY = Symbol('posthorn.WebhookDirectory');

export type { RateLimit, RetryPolicy, SourceSelection };
