import { PosthornError } from '../../kernel/index.js';
import type { Webhook } from '../webhook.js';
import type {
  StartFrom,
  WebhookDefinitionRecord,
  WebhookOwner,
  WebhookStatus,
} from '../webhook.events.js';

/** Nothing was ever registered under the id. */
interface Unregistered {
  readonly phase: 'unregistered';
}

/** What the events of a webhook's stream add up to. */
export interface Registered {
  readonly phase: 'registered' | 'removed';
  readonly registration: number;
  readonly owner: WebhookOwner;
  /** Release of the code that last decided about it; `null` when none did. */
  readonly release: number | null;
  readonly definition: WebhookDefinitionRecord;
  readonly digest: string;
  readonly startFrom: StartFrom;
  readonly isPaused: boolean;
  readonly pausedReason: string | null;
  readonly disabledReason: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type WebhookState = Unregistered | Registered;

/** The one word for a webhook's state: removed before disabled before paused before inactive. */
export function statusOf(state: Registered): WebhookStatus {
  if (state.phase === 'removed') return 'removed';
  if (state.disabledReason !== null) return 'disabled';
  if (state.isPaused) return 'paused';
  return state.definition.isActive ? 'active' : 'inactive';
}

/** Whether events may be matched: a paused webhook keeps its claim. */
export function isListening(state: Registered): boolean {
  return state.phase === 'registered' && state.disabledReason === null && state.definition.isActive;
}

/** @param revision revision of the stream that the state was folded from */
export function toWebhook(id: string, state: Registered, revision: bigint): Webhook {
  return Object.freeze({
    id,
    registration: state.registration,
    owner: state.owner,
    release: state.release,
    status: statusOf(state),
    disabledReason: state.disabledReason,
    definition: state.definition,
    digest: state.digest,
    revision,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
  });
}

/** @throws PosthornError `PSH_REGISTRY_OWNED_BY_CODE` */
export function refuseIfOwnedByCode(webhookId: string, state: Registered): void {
  if (state.owner !== 'code') return;
  throw new PosthornError(
    'PSH_REGISTRY_OWNED_BY_CODE',
    `the webhook "${webhookId}" is declared in code`,
  );
}
