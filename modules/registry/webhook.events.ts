/**
 * The contract of the webhook streams, `posthorn.webhook-{webhookId}`, and of `posthorn.registry`. Events are never
 * renamed; readers tolerate unknown fields. No secret is ever in clear here: it is encrypted (`EncryptedSecret`), or it
 * stays in the code that declared it and only its fingerprint is stored.
 */

/** Text encrypted with AES-256-GCM; all parts base64. */
export interface SealedText {
  /** Id of the key in the key ring. */
  readonly keyId: string;
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/** A secret that is encrypted in the event. */
export interface EncryptedSecret extends SealedText {
  readonly kind: 'encrypted';
  /** Keyed fingerprint of the clear text, to compare two secrets without reading either. */
  readonly fingerprint: string;
  /** When a signing secret that was replaced stops to sign; absent: it does not. */
  readonly expiresAt?: string;
  /** `whpk_...`: the public half, where the secret is the private half of a signing key pair. */
  readonly publicKey?: string;
}

/** A secret that lives in the code which declared the webhook. */
export interface CodeSecret {
  readonly kind: 'code';
  readonly fingerprint: string;
  /** `whpk_...`: the public half, where the secret is the private half of a signing key pair. */
  readonly publicKey?: string;
}

/** A secret that the application keeps elsewhere, and looks up when it is needed. */
export interface ReferredSecret {
  readonly kind: 'reference';
  /** What it is found by; no secret itself. */
  readonly reference: string;
  /** Of the reference. */
  readonly fingerprint: string;
  /** When a signing secret that was replaced stops to sign; absent: it does not. */
  readonly expiresAt?: string;
  /** Signing secrets that are kept elsewhere are shared ones. */
  readonly publicKey?: undefined;
}

export type StoredSecret = EncryptedSecret | CodeSecret | ReferredSecret;

/** A secret that sender and receiver share, or an ed25519 key pair whose private half the sender keeps to itself. */
export type SigningKind = 'symmetric' | 'asymmetric';

/**
 * A style in which signatures are written into headers. Names of headers are in lower case.
 *
 * - `standard`: Standard Webhooks 1.0.0, over `id.timestamp.body`; the only one for key pairs.
 * - `github`: `sha256=<hex>` over the body, as GitHub signs.
 * - `stripe`: `t=<seconds>,v1=<hex>` over `timestamp.body`, as Stripe signs.
 */
export type SigningProfile =
  | {
      readonly kind: 'standard';
      readonly headers: {
        readonly id: string;
        readonly timestamp: string;
        readonly signature: string;
      };
    }
  | {
      readonly kind: 'github';
      readonly headers: {
        readonly event: string;
        readonly id: string;
        readonly timestamp: string;
        readonly signature: string;
      };
    }
  | {
      readonly kind: 'stripe';
      readonly headers: { readonly id: string; readonly signature: string };
    };

/** How requests are signed. */
export interface SigningPolicy {
  readonly keys: SigningKind | 'both';
  /** One or more, in the order of `SigningProfile`. */
  readonly profiles: readonly SigningProfile[];
}

/** A JMESPath expression, asked of the event. */
export interface StoredExpression {
  readonly kind: 'jmespath';
  readonly expression: string;
}

/** What a webhook asks of an event: a function of the code that declares it, or an expression. */
export type StoredQuestion = StoredFunction | StoredExpression;

/**
 * How an event is told in a request: as Standard Webhooks says, as a CloudEvent 1.0, or its data as it is with the rest in
 * headers.
 */
export type EnvelopeKind = 'standard' | 'cloudevents' | 'raw';

/** A function that lives in the code which declared the webhook: what stands for it where it is stored. */
export interface StoredFunction {
  readonly kind: 'function';
  /** What its author calls this version of it, or `sha256:` and a digest of its source text. */
  readonly version: string;
}

export type WebhookOwner = 'code' | 'api';

/** When a failed attempt is tried again. Durations in milliseconds. */
export type RetryPolicy =
  /** The example schedule of Standard Webhooks: 10 attempts over 75 h 35 m 05 s. */
  | { readonly kind: 'standard' }
  | {
      readonly kind: 'exponential';
      readonly attempts: number;
      readonly initialMs: number;
      readonly factor: number;
      readonly maxMs: number;
    }
  | { readonly kind: 'fixed'; readonly attempts: number; readonly delayMs: number }
  | { readonly kind: 'list'; readonly delaysMs: readonly number[] };

/**
 * How many requests may start, per instance. The burst is how many may start at once after a pause; default: what comes in
 * a tenth of a second, at least 1.
 */
export type RateLimit =
  | { readonly perSecond: number; readonly burst?: number }
  | { readonly perMinute: number; readonly burst?: number };

/** Which streams a webhook listens to. */
export type SourceSelection =
  | { readonly kind: 'all' }
  | { readonly kind: 'stream'; readonly stream: string }
  /** Streams named `{category}-...`, as EventStoreDB's category projection cuts them. */
  | { readonly kind: 'category'; readonly category: string };

/** In which order events reach the endpoint. */
export interface OrderingPolicy {
  /** Events of one source stream one after the other, in the order of the stream. */
  readonly by: 'source-stream';
  /** Whether the rest of a stream goes on after a dead letter, or is held until that is replayed or discarded. */
  readonly onDeadLetter: 'continue' | 'hold';
}

/** Where a new webhook starts to listen. */
export type StartFrom =
  'now' | 'beginning' | { readonly position: string } | { readonly time: string };

/**
 * How requests are authorised; `Secret` is what stands for a secret: its stored, its clear or its masked form. `Call` is
 * what stands for a function.
 */
export type AuthOf<Secret, Call = StoredFunction> =
  | { readonly type: 'none' }
  /** `authorization: Bearer` (RFC 6750). */
  | { readonly type: 'bearer'; readonly token: Secret }
  /** `authorization: Basic`, in UTF-8 (RFC 7617). */
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  /** `authorization: Bearer` with a token by OAuth 2 client credentials (RFC 6749, section 4.4). */
  | OAuth2AuthOf<Secret>
  /** `authorization: Bearer` with a token that a function of the code gives for each request. */
  | { readonly type: 'resolver'; readonly resolve: Call };

/** A client of an authorization server: one of `tokenUrl` and `issuer` says where tokens are. */
export interface OAuth2AuthOf<Secret> {
  readonly type: 'oauth2';
  /** The token endpoint. */
  readonly tokenUrl?: string;
  /** Its metadata name the token endpoint: OpenID Connect Discovery, RFC 8414. */
  readonly issuer?: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** Separated by spaces. */
  readonly scope?: string;
  readonly audience?: string;
  /** URI of the resource (RFC 8707). */
  readonly resource?: string;
  /** How the client is named; default: `basic`, unless the metadata of the issuer say that it takes `post` alone. */
  readonly clientAuthentication?: 'basic' | 'post';
}

export type StoredAuth = AuthOf<StoredSecret>;

/** What a TLS client presents and trusts, as PEM; `Secret` is what stands for the key. */
export interface TlsOf<Secret> {
  /** The certificate with the chain up to its authority, and its key; `null`: none. */
  readonly clientCertificate: { readonly certificate: string; readonly key: Secret } | null;
  /** Trusted beside those that all requests trust. */
  readonly certificateAuthorities: readonly string[];
}

export type StoredTls = TlsOf<StoredSecret>;

/** The whole definition of a webhook, as it is recorded. */
export interface WebhookDefinitionRecord {
  readonly url: string;
  /** Exact names, `*`, or patterns such as `order.*`; sorted, without repeats. */
  readonly eventTypes: readonly string[];
  readonly source: SourceSelection;
  /** `null`: events without a tenant. */
  readonly tenantId: string | null;
  /** Listens to the events of every tenant, and to those without one. */
  readonly isGlobal: boolean;
  readonly headers: Readonly<Record<string, StoredSecret | string>>;
  readonly auth: StoredAuth;
  /** Certificates of its own; absent: none. */
  readonly tls?: StoredTls;
  /** Newest first, of either kind: those that have a public key are asymmetric. */
  readonly signingSecrets: readonly StoredSecret[];
  /** How requests are signed; absent: with symmetric secrets, as Standard Webhooks says. */
  readonly signing?: SigningPolicy;
  /**
   * Fingerprints of the signing secrets that the definition itself names, newest first; empty or absent when Posthorn
   * generated one. A rotation leaves it alone, so that the same definition stays equal to itself.
   */
  readonly namedSigningSecrets?: readonly string[];
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly concurrency: number;
  /** Absent: its rate is not limited. */
  readonly rateLimit?: RateLimit;
  /** In which order events are sent; absent: in any. */
  readonly ordering?: OrderingPolicy;
  readonly isReplayable: boolean;
  /** False: registered, but matches nothing. */
  readonly isActive: boolean;
  readonly description: string | null;
  /** Which of the selected events are delivered; absent: all of them. */
  readonly filter?: StoredQuestion;
  /** How events are told in requests; absent: as Standard Webhooks says. */
  readonly envelope?: Exclude<EnvelopeKind, 'standard'>;
  /** What makes the body of requests; absent: the envelope does. */
  readonly transform?: StoredQuestion;
  /** What carries requests in place of HTTP; absent: nothing does. */
  readonly sender?: StoredFunction;
}

/** One field of a change: where it is, and the plain values before and after (secrets as fingerprints). */
export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

export type WebhookEvent =
  | {
      readonly type: 'WebhookRegistered';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        readonly registration: number;
        readonly owner: WebhookOwner;
        /** Release of the code that declared it; `null` for webhooks owned by the API. */
        readonly release: number | null;
        readonly definition: WebhookDefinitionRecord;
        readonly digest: string;
        readonly startFrom: StartFrom;
        readonly at: string;
        readonly by: string;
      };
    }
  | {
      readonly type: 'WebhookChanged';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        readonly owner: WebhookOwner;
        readonly release: number | null;
        readonly changes: readonly FieldChange[];
        readonly definition: WebhookDefinitionRecord;
        readonly digest: string;
        readonly at: string;
        readonly by: string;
      };
    }
  | {
      readonly type: 'WebhookPaused' | 'WebhookResumed' | 'WebhookRemoved';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        readonly reason: string | null;
        /** Release of the code that did it; absent when no code did. */
        readonly release?: number | null;
        readonly at: string;
        readonly by: string;
      };
    }
  | {
      readonly type: 'WebhookDisabled';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        /** `endpoint_gone` (410), `endpoint_asked` (`webhook-delivery: disable`), `failing` (for too long), or what an operator gave. */
        readonly reason: string;
        readonly at: string;
        readonly by: string;
      };
    }
  | {
      readonly type: 'WebhookSecretRotated';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        /** Newest first. */
        readonly signingSecrets: readonly StoredSecret[];
        /** Fingerprint of the secret that was taken back before its time; absent when none was. */
        readonly revoked?: string;
        readonly at: string;
        readonly by: string;
      };
    }
  | {
      /** The secrets are what they were, encrypted with another key of the ring: the digest stays, nobody is told. */
      readonly type: 'WebhookSecretsResealed';
      readonly data: {
        readonly v: 1;
        readonly webhookId: string;
        readonly secrets: readonly ResealedSecret[];
        readonly at: string;
        readonly by: string;
      };
    };

/** A secret that was encrypted again: the same clear text under the current key. */
export interface ResealedSecret {
  /** Which secret it is, such as `auth.token`. */
  readonly field: string;
  readonly fingerprint: string;
  /** Id of the key that it was encrypted with before. */
  readonly from: string;
  readonly sealed: SealedText;
}

/**
 * On `posthorn.registry`: the event of the webhook's stream at `revision` takes effect here. Membership is counted from
 * the position of this pointer, which every instance reads before it matches an event.
 */
export interface RegistryPointer {
  readonly type: 'WebhookRegistryAdvanced';
  readonly data: {
    readonly v: 1;
    readonly webhookId: string;
    /** Revision of the event in the webhook's stream, decimal. */
    readonly revision: string;
  };
}

/**
 * On `posthorn.registry-key`: proof of the encryption key. Holds the key of all fingerprints, encrypted; who cannot
 * decrypt the newest of these does not have the keys of this registry, and must not write to it.
 */
export interface RegistryKeyChecked {
  readonly type: 'RegistryKeyChecked';
  readonly data: { readonly v: 1; readonly fingerprintKey: SealedText; readonly at: string };
}

export type WebhookStatus = 'active' | 'inactive' | 'paused' | 'disabled' | 'removed';
