import { type Decider, PosthornError } from '../../kernel/index.js';
import { crossFieldProblems, refuseIfAny } from '../definition/definition-rules.js';
import { definitionDigest, diffDefinitions } from '../definition/definition-record.js';
import { kindsOf, signingOf } from '../definition/signing-policy.js';
import type { FieldChange, StoredSecret, WebhookEvent } from '../webhook.events.js';
import { keepEqualSecrets, patched, tooManyHeaders } from './definition-changes.js';
import { bounded, renamed, withKinds } from './signing-secrets.js';
import { resealSecrets, revokeSecret, rotateSecret } from './secret-decisions.js';
import type { DecisionOf, RegisterDecision, WebhookDecision } from './webhook.commands.js';
import { evolveWebhook } from './webhook.evolution.js';
import { refuseIfOwnedByCode, type Registered, type WebhookState } from './webhook-state.js';

/** Reason of a pause that was made because the code no longer declares the webhook: declaring it again lifts it. */
export const VANISHED_REASON = 'vanished_from_code';

/**
 * The Webhook aggregate: one stream per id, over all its registrations.
 *
 * ```
 * unregistered --register--> registered --remove--> removed --register--> registered (next registration)
 *
 * within registered:  running <--pause/resume--> paused
 *                     running, paused --disable--> disabled --resume--> running
 * ```
 *
 * A decision that changes nothing decides no event, so every command may be repeated.
 *
 * @param webhookId the id that events carry
 */
export function webhookDecider(
  webhookId: string,
): Decider<WebhookDecision, WebhookEvent, WebhookState> {
  return {
    initialState: { phase: 'unregistered' },
    decide: (decision, state) => decide(webhookId, decision, state),
    evolve: evolveWebhook,
  };
}

function decide(
  webhookId: string,
  decision: WebhookDecision,
  state: WebhookState,
): readonly WebhookEvent[] {
  if (decision.type === 'register') return register(webhookId, decision, state);
  if (decision.type === 'vanish') return vanish(webhookId, decision, state);
  if (decision.type === 'reseal') return resealSecrets(webhookId, decision, state);
  const current = registeredOrThrow(webhookId, state);
  switch (decision.type) {
    case 'change':
      return change(webhookId, decision, current);
    case 'pause':
      return pause(webhookId, decision, current);
    case 'resume':
      return resume(webhookId, decision, current);
    case 'disable':
      return disable(webhookId, decision, current);
    case 'rotate-secret':
      return rotateSecret(webhookId, decision, current);
    case 'revoke-secret':
      return revokeSecret(webhookId, decision, current);
    case 'remove':
      refuseIfOwnedByCode(webhookId, current);
      return [noted('WebhookRemoved', webhookId, decision)];
  }
}

function register(
  webhookId: string,
  decision: RegisterDecision,
  state: WebhookState,
): readonly WebhookEvent[] {
  const isStale =
    decision.owner === 'code' &&
    state.phase !== 'unregistered' &&
    (decision.release ?? 0) < (state.release ?? 0);
  if (state.phase !== 'registered') {
    if (isStale) return [];
    const registration = state.phase === 'removed' ? state.registration + 1 : 1;
    return [registered(webhookId, decision, registration)];
  }
  refuseTakeover(webhookId, decision, state);
  return isStale ? [] : redefine(webhookId, decision, state);
}

function registered(
  webhookId: string,
  decision: RegisterDecision,
  registration: number,
): WebhookEvent {
  const { owner, release, definition, startFrom, at, by } = decision;
  const digest = definitionDigest(definition);
  return {
    type: 'WebhookRegistered',
    data: { v: 1, webhookId, registration, owner, release, definition, digest, startFrom, at, by },
  };
}

function refuseTakeover(webhookId: string, decision: RegisterDecision, state: Registered): void {
  if (decision.mustBeNew) {
    throw new PosthornError(
      'PSH_REGISTRY_ALREADY_REGISTERED',
      `the webhook "${webhookId}" is registered already`,
    );
  }
  if (decision.owner === 'api') refuseIfOwnedByCode(webhookId, state);
  if (decision.owner === 'code' && state.owner === 'api' && !decision.isAdopting) {
    throw new PosthornError(
      'PSH_REGISTRY_OWNED_BY_API',
      `the webhook "${webhookId}" was registered through the API`,
    );
  }
}

function redefine(
  webhookId: string,
  decision: RegisterDecision,
  state: Registered,
): readonly WebhookEvent[] {
  const { owner, release, at, by } = decision;
  const definition = keepEqualSecrets(
    { ...decision.definition, signingSecrets: signingSecretsAfter(decision, state) },
    state.definition,
  );
  const changes = diffDefinitions(state.definition, definition);
  const isNewRelease = owner === 'code' && (release ?? 0) > (state.release ?? 0);
  const decided: FieldChange[] = [
    ...changes,
    ...(owner === state.owner ? [] : [{ field: 'owner', before: state.owner, after: owner }]),
    ...(isNewRelease ? [{ field: 'release', before: state.release, after: release }] : []),
  ];
  const events: WebhookEvent[] = [];
  if (decided.length > 0) {
    const digest = definitionDigest(definition);
    events.push({
      type: 'WebhookChanged',
      data: { v: 1, webhookId, owner, release, changes: decided, definition, digest, at, by },
    });
  }
  if (state.isPaused && state.pausedReason === VANISHED_REASON) {
    events.push(noted('WebhookResumed', webhookId, { reason: 'declared_again', at, by }));
  }
  return events;
}

function signingSecretsAfter(
  decision: RegisterDecision,
  state: Registered,
): readonly StoredSecret[] {
  const { definition, at, overlapMs } = decision;
  const names = definition.namedSigningSecrets ?? [];
  const namedBefore = state.definition.namedSigningSecrets ?? [];
  const isNamed = ({ fingerprint }: StoredSecret): boolean => names.includes(fingerprint);
  const kinds = kindsOf(signingOf(definition));
  const spare = definition.signingSecrets.filter((secret) => !isNamed(secret));
  const named = definition.signingSecrets.filter(isNamed);
  const isSame = names.join() === namedBefore.join();
  const isKept = isSame && (names.length === 0 || decision.owner === state.owner);
  const { signingSecrets: previous } = state.definition;
  const asked = { named, spare, namedBefore, kinds };
  const secrets = isKept ? previous : renamed(asked, previous, { at, overlapMs });
  return bounded(withKinds(kinds, secrets, { spare, at, overlapMs }));
}

function change(
  webhookId: string,
  { patch, spare = [], overlapMs = 0, at, by }: DecisionOf<'change'>,
  state: Registered,
): readonly WebhookEvent[] {
  refuseIfOwnedByCode(webhookId, state);
  const asked = keepEqualSecrets(patched(state.definition, patch), state.definition);
  const kinds = kindsOf(signingOf(asked));
  const overlap = { spare, at, overlapMs };
  const signingSecrets = bounded(withKinds(kinds, asked.signingSecrets, overlap));
  const definition = { ...asked, signingSecrets };
  refuseIfAny(webhookId, [
    ...crossFieldProblems({
      ...definition,
      authType: definition.auth.type,
      headerNames: Object.keys(definition.headers),
      signing: signingOf(definition),
    }),
    ...tooManyHeaders(definition),
  ]);
  const changes = diffDefinitions(state.definition, definition);
  if (changes.length === 0) return [];
  const { owner, release } = state;
  const digest = definitionDigest(definition);
  return [
    {
      type: 'WebhookChanged',
      data: { v: 1, webhookId, owner, release, changes, definition, digest, at, by },
    },
  ];
}

function pause(
  webhookId: string,
  decision: DecisionOf<'pause'>,
  state: Registered,
): readonly WebhookEvent[] {
  if (state.disabledReason !== null) {
    throw new PosthornError('PSH_REGISTRY_DISABLED', `the webhook "${webhookId}" is disabled`);
  }
  return state.isPaused ? [] : [noted('WebhookPaused', webhookId, decision)];
}

function resume(
  webhookId: string,
  decision: DecisionOf<'resume'>,
  state: Registered,
): readonly WebhookEvent[] {
  const isRunning = !state.isPaused && state.disabledReason === null;
  return isRunning ? [] : [noted('WebhookResumed', webhookId, decision)];
}

function disable(
  webhookId: string,
  { reason, at, by }: DecisionOf<'disable'>,
  state: Registered,
): readonly WebhookEvent[] {
  if (state.disabledReason !== null) return [];
  return [{ type: 'WebhookDisabled', data: { v: 1, webhookId, reason, at, by } }];
}

function vanish(
  webhookId: string,
  { policy, release, at, by }: DecisionOf<'vanish'>,
  state: WebhookState,
): readonly WebhookEvent[] {
  if (state.phase !== 'registered' || state.owner !== 'code') return [];
  if ((release ?? 0) < (state.release ?? 0)) return [];
  const note = { reason: VANISHED_REASON, release, at, by };
  if (policy === 'remove') return [noted('WebhookRemoved', webhookId, note)];
  const isHeld = state.isPaused || state.disabledReason !== null;
  return isHeld ? [] : [noted('WebhookPaused', webhookId, note)];
}

function noted(
  type: 'WebhookPaused' | 'WebhookResumed' | 'WebhookRemoved',
  webhookId: string,
  note: {
    readonly reason: string | null;
    readonly release?: number | null;
    readonly at: string;
    readonly by: string;
  },
): WebhookEvent {
  const { reason, release, at, by } = note;
  return {
    type,
    data: { v: 1, webhookId, reason, ...(release !== undefined && { release }), at, by },
  };
}

function registeredOrThrow(webhookId: string, state: WebhookState): Registered {
  if (state.phase === 'registered') return state;
  throw new PosthornError('PSH_REGISTRY_NOT_FOUND', `there is no webhook "${webhookId}"`);
}
