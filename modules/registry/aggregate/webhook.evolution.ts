import { withSecrets } from '../definition/definition-secrets.js';
import type { ResealedSecret, WebhookDefinitionRecord, WebhookEvent } from '../webhook.events.js';
import type { Registered, WebhookState } from './webhook-state.js';

type EventOf<Type extends WebhookEvent['type']> = Extract<WebhookEvent, { readonly type: Type }>;

/** The state after `event`. Never throws; an event that cannot follow on the state leaves it as it is. */
export function evolveWebhook(state: WebhookState, event: WebhookEvent): WebhookState {
  if (event.type === 'WebhookRegistered') return registered(event);
  if (state.phase === 'unregistered') return state;
  if (event.type === 'WebhookSecretsResealed') {
    // not a change of the webhook: the time of its last one stays
    return { ...state, definition: resealed(state.definition, event.data.secrets) };
  }
  const touched = { ...state, updatedAt: event.data.at };
  switch (event.type) {
    case 'WebhookChanged':
      return changed(touched, event);
    case 'WebhookPaused':
      return {
        ...touched,
        release: event.data.release ?? state.release,
        isPaused: true,
        pausedReason: event.data.reason,
      };
    case 'WebhookResumed':
      return { ...touched, isPaused: false, pausedReason: null, disabledReason: null };
    case 'WebhookDisabled':
      return { ...touched, isPaused: false, pausedReason: null, disabledReason: event.data.reason };
    case 'WebhookSecretRotated':
      return {
        ...touched,
        definition: { ...state.definition, signingSecrets: event.data.signingSecrets },
      };
    case 'WebhookRemoved':
      return { ...touched, phase: 'removed', release: event.data.release ?? null };
  }
}

function registered({ data }: EventOf<'WebhookRegistered'>): Registered {
  return {
    phase: 'registered',
    registration: data.registration,
    owner: data.owner,
    release: data.release,
    definition: data.definition,
    digest: data.digest,
    startFrom: data.startFrom,
    isPaused: false,
    pausedReason: null,
    disabledReason: null,
    createdAt: data.at,
    updatedAt: data.at,
  };
}

function changed(state: Registered, { data }: EventOf<'WebhookChanged'>): Registered {
  return {
    ...state,
    owner: data.owner,
    release: data.release,
    definition: data.definition,
    digest: data.digest,
  };
}

function resealed(
  definition: WebhookDefinitionRecord,
  secrets: readonly ResealedSecret[],
): WebhookDefinitionRecord {
  return withSecrets(definition, (secret, field) => {
    const found = secrets.find(
      (one) => one.field === field && one.fingerprint === secret.fingerprint,
    );
    return found && secret.kind === 'encrypted' ? { ...secret, ...found.sealed } : secret;
  });
}
