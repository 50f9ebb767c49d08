import { canonicalJson } from '../../kernel/index.js';
import type {
  SigningKind,
  SigningPolicy,
  SigningProfile,
  StoredSecret,
  WebhookDefinitionRecord,
} from '../webhook.events.js';

export type SigningProfileKind = SigningProfile['kind'];

const X_HEADERS = { id: 'x-webhook-delivery', signature: 'x-webhook-signature' } as const;

/** Every style of signature with the usual names of its headers. */
export const USUAL_PROFILES = {
  standard: {
    kind: 'standard',
    headers: { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' },
  },
  github: {
    kind: 'github',
    headers: { ...X_HEADERS, event: 'x-webhook-event', timestamp: 'x-webhook-timestamp' },
  },
  stripe: { kind: 'stripe', headers: X_HEADERS },
} as const satisfies { readonly [Kind in SigningProfileKind]: SigningProfile & { kind: Kind } };

/** How requests are signed where a definition says nothing about it. */
export const DEFAULT_SIGNING: SigningPolicy = {
  keys: 'symmetric',
  profiles: [USUAL_PROFILES.standard],
};

/** How the requests of a webhook are signed. */
export function signingOf({ signing }: Pick<WebhookDefinitionRecord, 'signing'>): SigningPolicy {
  return signing ?? DEFAULT_SIGNING;
}

/** As it is recorded: nothing where it is the default, so that definitions from before policies stay equal to themselves. */
export function recordedSigning(policy: SigningPolicy): { readonly signing?: SigningPolicy } {
  return canonicalJson(policy) === canonicalJson(DEFAULT_SIGNING) ? {} : { signing: policy };
}

/** The kinds of keys that a policy asks for. */
export function kindsOf({ keys }: Pick<SigningPolicy, 'keys'>): readonly SigningKind[] {
  return keys === 'both' ? ['symmetric', 'asymmetric'] : [keys];
}

/** The kind of a stored signing secret. */
export function kindOf(secret: StoredSecret): SigningKind {
  return secret.publicKey === undefined ? 'symmetric' : 'asymmetric';
}

/** Whether a policy is one that this version can sign by: a later one may know more. */
export function isKnownSigning({ keys, profiles }: SigningPolicy): boolean {
  return (
    ['symmetric', 'asymmetric', 'both'].includes(keys) &&
    profiles.every(({ kind }) => Object.hasOwn(USUAL_PROFILES, kind))
  );
}
