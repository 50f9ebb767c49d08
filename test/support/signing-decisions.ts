import { fold, isPosthornError } from '../../modules/kernel/index.js';
import { webhookDecider } from '../../modules/registry/aggregate/webhook.aggregate.js';
import type { WebhookDecision } from '../../modules/registry/aggregate/webhook.commands.js';
import type { WebhookState } from '../../modules/registry/aggregate/webhook-state.js';
import { DEFAULT_SIGNING } from '../../modules/registry/definition/signing-policy.js';
import type {
  EncryptedSecret,
  SigningKind,
  SigningPolicy,
  StoredSecret,
  WebhookDefinitionRecord,
  WebhookEvent,
} from '../../modules/registry/webhook.events.js';

export const DECIDER = webhookDecider('orders');
const HOUR_MS = 3_600_000;
const START = Date.parse('2026-01-01T00:00:00.000Z');

/** A time, in hours from a start. */
export function at(hours: number): string {
  return new Date(START + hours * HOUR_MS).toISOString();
}

/** A secret that is shared, as it is recorded. */
export function shared(fingerprint: string, endHours?: number): EncryptedSecret {
  const sealed = { keyId: 'k', iv: '', ciphertext: '', tag: '' };
  return {
    kind: 'encrypted',
    ...sealed,
    fingerprint,
    ...(endHours !== undefined && { expiresAt: at(endHours) }),
  };
}

/** A key pair, as it is recorded. */
export function pair(fingerprint: string, endHours?: number): EncryptedSecret {
  return { ...shared(fingerprint, endHours), publicKey: `whpk_${fingerprint}` };
}

/** A secret that lives in code. */
export function inCode(fingerprint: string, publicKey?: string): StoredSecret {
  return { kind: 'code', fingerprint, ...(publicKey !== undefined && { publicKey }) };
}

/** A definition that says nothing but how it signs. */
export function definition(
  keys: SigningPolicy['keys'],
  signingSecrets: readonly StoredSecret[],
  named: readonly string[] = [],
): WebhookDefinitionRecord {
  return {
    url: 'https://example.com/',
    eventTypes: ['order.placed'],
    source: { kind: 'all' },
    tenantId: null,
    isGlobal: false,
    headers: {},
    auth: { type: 'none' },
    signingSecrets,
    namedSigningSecrets: named,
    ...(keys !== 'symmetric' && { signing: { ...DEFAULT_SIGNING, keys } }),
    retry: { kind: 'standard' },
    timeoutMs: 20_000,
    concurrency: 10,
    isReplayable: true,
    isActive: true,
    description: null,
  };
}

/** Defines the webhook. */
export function register(
  defined: WebhookDefinitionRecord,
  hours = 0,
  owner: 'api' | 'code' = 'api',
): WebhookDecision {
  return {
    type: 'register',
    owner,
    release: null,
    definition: defined,
    startFrom: 'now',
    overlapMs: 24 * HOUR_MS,
    mustBeNew: false,
    isAdopting: false,
    at: at(hours),
    by: 'x',
  };
}

/** Replaces keys. */
export function rotate(
  secrets: readonly EncryptedSecret[],
  hours: number,
  overlapHours = 24,
  kind: SigningKind | null = null,
): WebhookDecision {
  const overlapMs = overlapHours * HOUR_MS;
  return { type: 'rotate-secret', kind, secrets, overlapMs, at: at(hours), by: 'x' };
}

/** Takes a secret back. */
export function revoke(fingerprint: string, hours: number): WebhookDecision {
  return { type: 'revoke-secret', fingerprint, at: at(hours), by: 'x' };
}

/** Changes the kinds of keys. */
export function changeKeys(
  keys: SigningPolicy['keys'],
  spare: readonly EncryptedSecret[],
  hours: number,
): WebhookDecision {
  const patch = { signing: { keys } };
  return { type: 'change', patch, spare, overlapMs: 24 * HOUR_MS, at: at(hours), by: 'x' };
}

/** The webhook after these decisions. */
export function after(...decisions: readonly WebhookDecision[]): WebhookState {
  return decisions.reduce<WebhookState>(
    (state, decision) => fold(DECIDER, DECIDER.decide(decision, state), state),
    DECIDER.initialState,
  );
}

/** What the webhook signs with. */
export function secretsOf(state: WebhookState): readonly StoredSecret[] {
  return state.phase === 'unregistered' ? [] : state.definition.signingSecrets;
}

/** What the webhook signs with after these decisions. */
export function given(...decisions: readonly WebhookDecision[]): readonly StoredSecret[] {
  return secretsOf(after(...decisions));
}

/** What a decision records. */
export function eventsOf(state: WebhookState, decision: WebhookDecision): readonly WebhookEvent[] {
  return DECIDER.decide(decision, state);
}

/** The code of the error that a decision is refused with; `decided` when it is not. */
export function codeOf(state: WebhookState, decision: WebhookDecision): string {
  try {
    DECIDER.decide(decision, state);
    return 'decided';
  } catch (error) {
    if (isPosthornError(error)) return error.code;
    throw error;
  }
}
