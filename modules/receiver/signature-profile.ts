import { WebhookVerificationError } from './webhook-verification.error.js';

/** Names of the headers that a style of signature has. */
export interface SignatureHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

/** A style of signature: `standard` is Standard Webhooks, the others are as GitHub and Stripe sign. */
export type SignatureProfileKind = 'standard' | 'github' | 'stripe';

/** A style of signature, with the names of its headers where the sender uses others than the usual ones. */
export type SignatureProfile =
  | SignatureProfileKind
  | {
      readonly kind: SignatureProfileKind;
      /** In any case. Those that are not given have their usual names. */
      readonly headers?: Partial<SignatureHeaders>;
    };

const X_HEADERS: SignatureHeaders = {
  id: 'x-webhook-delivery',
  timestamp: 'x-webhook-timestamp',
  signature: 'x-webhook-signature',
};

const USUAL_HEADERS: Readonly<Record<SignatureProfileKind, SignatureHeaders>> = {
  standard: {
    id: 'webhook-id',
    timestamp: 'webhook-timestamp',
    signature: 'webhook-signature',
  },
  github: X_HEADERS,
  stripe: X_HEADERS,
};

/** A style of signature with all its header names, in lower case. */
export interface ResolvedProfile {
  readonly kind: SignatureProfileKind;
  readonly headers: SignatureHeaders;
}

/** @throws WebhookVerificationError `invalid_options` for a style that is not known */
export function resolvedProfile(profile: SignatureProfile): ResolvedProfile {
  const { kind, headers = {} } = typeof profile === 'string' ? { kind: profile } : profile;
  if (!Object.hasOwn(USUAL_HEADERS, kind)) {
    throw new WebhookVerificationError('invalid_options', 'there is no such profile');
  }
  const { id, timestamp, signature } = { ...USUAL_HEADERS[kind], ...headers };
  return {
    kind,
    headers: {
      id: id.toLowerCase(),
      timestamp: timestamp.toLowerCase(),
      signature: signature.toLowerCase(),
    },
  };
}
