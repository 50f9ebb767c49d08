import { type FieldProblem, PosthornError } from '../../kernel/index.js';
import { DEFINITION_LIMITS } from '../definition/definition-limits.js';
import { refuseIfAny } from '../definition/definition-rules.js';
import { secretsIn } from '../definition/definition-secrets.js';
import { kindOf, kindsOf, signingOf } from '../definition/signing-policy.js';
import type { WebhookDefinitionRecord, WebhookEvent } from '../webhook.events.js';
import { isCurrent, isOver, rotated } from './signing-secrets.js';
import type { DecisionOf } from './webhook.commands.js';
import { refuseIfOwnedByCode, type Registered, type WebhookState } from './webhook-state.js';

/** Signs with other keys from now on, and beside them with those of before for the overlap. */
export function rotateSecret(
  webhookId: string,
  { secrets, kind, overlapMs, at, by }: DecisionOf<'rotate-secret'>,
  state: Registered,
): readonly WebhookEvent[] {
  const { definition } = state;
  const inUse = kindsOf(signingOf(definition));
  const kinds = kind === null ? inUse : [kind];
  refuseIfAny(webhookId, kinds.every((one) => inUse.includes(one)) ? [] : [unusedKind(definition)]);
  const replaced = definition.signingSecrets.filter((one) => kinds.includes(kindOf(one)));
  if (replaced.some((one) => one.kind === 'code')) refuseIfOwnedByCode(webhookId, state);
  const newest = secrets.filter((one) => kinds.includes(kindOf(one)));
  const signingSecrets = rotated(newest, definition.signingSecrets, { at, overlapMs });
  if (signingSecrets.length > DEFINITION_LIMITS.signingSecrets) {
    throw new PosthornError(
      'PSH_REGISTRY_TOO_MANY_SECRETS',
      `the webhook "${webhookId}" would sign with ${signingSecrets.length} secrets at once`,
    );
  }
  return [{ type: 'WebhookSecretRotated', data: { v: 1, webhookId, signingSecrets, at, by } }];
}

function unusedKind(definition: WebhookDefinitionRecord): FieldProblem {
  return {
    field: 'kind',
    message: `the webhook signs with ${signingOf(definition).keys} keys`,
    fix: "Change signing.keys first; 'both' signs with secrets and key pairs.",
  };
}

/** Takes back a secret that was replaced, before the end of its overlap. */
export function revokeSecret(
  webhookId: string,
  { fingerprint, at, by }: DecisionOf<'revoke-secret'>,
  state: Registered,
): readonly WebhookEvent[] {
  const { definition } = state;
  const revoked = definition.signingSecrets.find((one) => one.fingerprint === fingerprint);
  if (!revoked || isOver(revoked, at)) {
    throw new PosthornError(
      'PSH_REGISTRY_UNKNOWN_SECRET',
      `the webhook "${webhookId}" signs with no secret that has this fingerprint`,
    );
  }
  if (revoked.kind === 'code') refuseIfOwnedByCode(webhookId, state);
  const signingSecrets = definition.signingSecrets.filter(
    (one) => one !== revoked && !isOver(one, at),
  );
  const held = new Set(signingSecrets.filter(isCurrent).map(kindOf));
  if (!kindsOf(signingOf(definition)).every((kind) => held.has(kind))) {
    throw new PosthornError(
      'PSH_REGISTRY_LAST_SECRET',
      `the webhook "${webhookId}" has no other ${kindOf(revoked)} secret to sign with`,
    );
  }
  const data = { v: 1, webhookId, signingSecrets, revoked: fingerprint, at, by } as const;
  return [{ type: 'WebhookSecretRotated', data }];
}

/**
 * Takes over what was encrypted again, where the secret is still the one that was opened, under the key that it was
 * opened with: whoever comes second decides nothing, and a secret that was replaced in between stays replaced.
 */
export function resealSecrets(
  webhookId: string,
  { resealed, at, by }: DecisionOf<'reseal'>,
  state: WebhookState,
): readonly WebhookEvent[] {
  if (state.phase !== 'registered') return [];
  const held = new Set(
    secretsIn(state.definition).flatMap(({ field, secret }) =>
      secret.kind === 'encrypted' ? [`${field} ${secret.fingerprint} ${secret.keyId}`] : [],
    ),
  );
  const secrets = resealed.filter(
    ({ field, fingerprint, from, sealed }) =>
      from !== sealed.keyId && held.has(`${field} ${fingerprint} ${from}`),
  );
  if (secrets.length === 0) return [];
  return [{ type: 'WebhookSecretsResealed', data: { v: 1, webhookId, secrets, at, by } }];
}
