/** Standard Webhooks 1.0.0: every secret and every key pair signs `id.timestamp.body`. */
export interface StandardProfile {
  readonly kind: 'standard';
  readonly headers: {
    readonly id: string;
    readonly timestamp: string;
    readonly signature: string;
  };
}

/** As GitHub signs: `sha256=<hex>` over the body alone, the rest beside it. */
export interface GithubProfile {
  readonly kind: 'github';
  readonly headers: {
    readonly event: string;
    readonly id: string;
    readonly timestamp: string;
    readonly signature: string;
  };
}

/** As Stripe signs: `t=<seconds>,v1=<hex>` over `timestamp.body`. */
export interface StripeProfile {
  readonly kind: 'stripe';
  readonly headers: {
    readonly id: string;
    readonly signature: string;
  };
}

/** A style in which the signature of a request is written into its headers. Header names are in lower case. */
export type SigningProfile = StandardProfile | GithubProfile | StripeProfile;

/** How a request is signed that says nothing about it. */
export const STANDARD_PROFILE: StandardProfile = {
  kind: 'standard',
  headers: { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' },
};
