import type {
  AuthOf,
  RateLimit,
  OrderingPolicy,
  OAuth2AuthOf,
  EnvelopeKind,
  RetryPolicy,
  SigningPolicy,
  SigningProfile,
  SourceSelection,
  StartFrom,
} from '../webhook.events.js';
import type { FunctionInput, QuestionInput } from '../functions/declared-function.js';
import type {
  EventFilter,
  EventTransform,
  SenderHook,
  TokenResolver,
} from '../functions/webhook-functions.js';
import type { HeaderInput } from './header-rules.js';
import type { SecretInput } from './secret-reference.js';

/** A client of an OAuth 2 authorization server, its secret in clear: give one of `tokenUrl` and `issuer`. */
export type OAuth2Input = Omit<OAuth2AuthOf<SecretInput>, 'type'>;

/** A certificate with which the client shows who it is (mTLS), in PEM. */
export interface ClientCertificateInput {
  /** The certificate, with the chain up to its authority after it. */
  readonly certificate: string;
  readonly key: string;
  /** Of the key, where it is encrypted. */
  readonly passphrase?: string;
}

/** Certificates of a webhook of its own. */
export interface TlsInput {
  /** `null`: none. */
  readonly clientCertificate?: ClientCertificateInput | null;
  /** Trusted beside those that all requests trust; at most 20. */
  readonly certificateAuthorities?: readonly string[] | null;
}

/** How requests are authorised, secrets in clear. */
export type AuthInput = AuthOf<SecretInput, FunctionInput<TokenResolver>>;

/**
 * A style of signature, `standard`, `github` or `stripe`, with the names of those headers that are not to have their
 * usual ones: `id`, `timestamp`, `signature`, and `event` with `github`.
 */
export type SigningProfileInput =
  | SigningProfile['kind']
  | {
      readonly kind: SigningProfile['kind'];
      readonly headers?: Readonly<
        Partial<Record<'event' | 'id' | 'timestamp' | 'signature', string>>
      >;
    };

/** In which order events are sent. */
export interface OrderingInput {
  /** Events of one source stream one after the other. */
  readonly by: OrderingPolicy['by'];
  /** Default `continue`. */
  readonly onDeadLetter?: OrderingPolicy['onDeadLetter'];
}

/** How requests are signed. */
export interface SigningInput {
  /** Default: the kinds of keys that `signingSecrets` names; `symmetric` where it names none. */
  readonly keys?: SigningPolicy['keys'];
  /** One or more styles side by side. Default: `standard`. */
  readonly profiles?: readonly SigningProfileInput[];
}

/** The definition of a webhook as plain data: what a REST call carries, and what the builder gathers. */
export interface WebhookInput {
  /** Absolute https URL, at most 2,048 characters. */
  readonly url: string;
  /** Exact names, patterns such as `order.*`, or `*`; 1 to 200. */
  readonly eventTypes: readonly string[];
  /** Default: every stream of the application. */
  readonly source?: SourceSelection;
  /** Default `null`: events without a tenant. */
  readonly tenantId?: string | null;
  /** Events of every tenant, and those without one. Default `false`. */
  readonly isGlobal?: boolean;
  /** Static headers by name. A value given as plain text is kept secret. */
  readonly headers?: Readonly<Record<string, HeaderInput>>;
  readonly auth?: AuthInput;
  /** A client certificate, and authorities, of its own. */
  readonly tls?: TlsInput;
  /** Default: a symmetric secret, and Standard Webhooks. */
  readonly signing?: SigningInput;
  /** `whsec_...` or `whsk_...`, newest first, every one signs; default: one of each kind in use is generated. */
  readonly signingSecrets?: readonly SecretInput[];
  /** Default: the schedule of Standard Webhooks. */
  readonly retry?: RetryPolicy;
  /** Deadline of one attempt in milliseconds, 1 to 120,000; default 20,000. */
  readonly timeoutMs?: number;
  /** Attempts under way at once per instance, 1 to 1,000; default 10. */
  readonly concurrency?: number;
  /**
   * Requests per second (1 to 1,000) or per minute (1 to 60,000), per instance; `burst` (1 to 1,000) may start at once
   * after a pause. Default `null`: not limited.
   */
  readonly rateLimit?: RateLimit | null;
  /** Default `null`: in any order, as fast as the endpoint answers. */
  readonly ordering?: OrderingInput | null;
  /** Default `true`. */
  readonly isReplayable?: boolean;
  /** False: registered, but matches nothing. Default `true`. */
  readonly isActive?: boolean;
  readonly description?: string | null;
  /** Where the webhook starts to listen; default `now`. Counts when it is registered, never later. */
  readonly startFrom?: StartFrom;
  /** How events are told in requests. Default `standard`. */
  readonly envelope?: EnvelopeKind;
  /** Which of the selected events are delivered. Default: all of them. */
  readonly filter?: QuestionInput<EventFilter> | null;
  /** Makes the body of requests instead of the envelope. */
  readonly transform?: QuestionInput<EventTransform> | null;
  /** Carries requests in place of HTTP: of a webhook that is declared in code. Default `null`: none. */
  readonly sender?: FunctionInput<SenderHook> | null;
}

/**
 * What may be changed about a webhook: fields that are absent stay as they are. Headers are merged by name, `null` drops
 * one (RFC 7396), and so are the two parts each of `signing` and `tls`; everything else replaces what was.
 */
export type WebhookPatch = Partial<
  Omit<WebhookInput, 'headers' | 'signingSecrets' | 'startFrom'>
> & { readonly headers?: Readonly<Record<string, HeaderInput | null>> };
