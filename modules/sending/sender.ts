import type { DeliveryControl } from './response/delivery-control.js';
import type { SigningProfile } from './signing/signing-profile.js';

/** How a request is authorised, in clear: never logged, never recorded. */
export type RequestAuth =
  | { readonly type: 'none' }
  /** `authorization: Bearer` (RFC 6750). */
  | { readonly type: 'bearer'; readonly token: string }
  /** `authorization: Basic`, in UTF-8 (RFC 7617). */
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | OAuth2Auth
  | ResolvedAuth;

/** `authorization: Bearer` with a token that is asked for when the request is sent. */
export interface ResolvedAuth {
  readonly type: 'resolver';
  /** Gives a token; `null` or `undefined` when there is none now. Called once for each attempt. */
  readonly resolve: () => unknown;
}

/** `authorization: Bearer` with an access token by OAuth 2 client credentials (RFC 6749, section 4.4). */
export interface OAuth2Auth {
  readonly type: 'oauth2';
  readonly client: OAuth2Client;
  /** Whose tokens they are, such as the definition of a webhook: they are kept for as long as this object is in use. */
  readonly holder: object;
}

/** A client of an authorization server. */
export interface OAuth2Client {
  /** The token endpoint; absent: as the metadata of the `issuer` says. */
  readonly tokenUrl?: string;
  /** Its metadata (OpenID Connect Discovery, RFC 8414) name the token endpoint. */
  readonly issuer?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  readonly audience?: string;
  /** RFC 8707. */
  readonly resource?: string;
  /** @default 'basic', unless the metadata of the issuer say that it takes `post` alone */
  readonly clientAuthentication?: 'basic' | 'post';
}

/** What the TLS client of a request presents and trusts, in PEM; the key in clear: never logged, never recorded. */
export interface RequestTls {
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | null;
  /** Trusted beside those that all requests trust. */
  readonly certificateAuthorities: readonly string[];
}

/** A finished request for what carries it instead of HTTP: signed, authorised, in clear. */
interface CarriedRequest {
  readonly url: string;
  /** All of them, by name in lower case, but for those of a connection (`host`, `content-length`). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Aborts at the deadline of the attempt, and when it is aborted. */
  readonly signal: AbortSignal;
}

/** Carries a request: gives an answer with `status`, `headers?` and `body?`, or a promise of it. */
export type Carry = (request: CarriedRequest) => unknown;

/** One request to an endpoint, complete but for its signature. */
export interface OutgoingRequest {
  /** The `webhook-id`: the same for every attempt of a delivery. */
  readonly webhookId: string;
  readonly url: string;
  /** The exact bytes that are signed and sent. */
  readonly body: Buffer;
  readonly contentType: string;
  /** What the envelope tells in headers, by name in lower case: headers of the sender's own. @default none */
  readonly envelopeHeaders?: Readonly<Record<string, string>>;
  /**
   * Static headers of the webhook, already checked when it was defined. Those that belong to the sender (`webhook-*`,
   * those of its signature, `host`, `content-type`, `content-length`, hop-by-hop ones) are ignored: they never override a
   * header of its own.
   */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Texts that must not be recorded, should the endpoint answer with them, beside the signing secrets, what authorises the
   * request, and headers whose name speaks of credentials: the values of other headers that are secret.
   */
  readonly secrets?: readonly string[];
  /** `whsec_...` or `whsk_...`, newest first; every one signs. */
  readonly signingSecrets: readonly string[];
  /** In which styles it is signed. @default Standard Webhooks */
  readonly signingProfiles?: readonly SigningProfile[];
  /** Type of the event, which some of the styles tell in a header. */
  readonly eventType?: string;
  /** How it is authorised. */
  readonly auth: RequestAuth;
  /** Certificates of its own, as PEM; read once for as long as the object is in use. @default what all requests share */
  readonly tls?: RequestTls | null;
  /** One deadline over DNS, connect, TLS, headers and body, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether a replay asked for this attempt: it is sent with `webhook-replay: true` under the same `webhook-id`. */
  readonly isReplay?: boolean;
  /** Carries it in place of HTTP: nothing is dialled. @default it goes over the network */
  readonly carry?: Carry | null;
}

/** What to do about an attempt. */
export type AttemptVerdict =
  /** 2xx. */
  | 'success'
  /** Worth another attempt: network, timeout, 408, 425, 429, 5xx. */
  | 'retry'
  /** Would fail again: 3xx and other 4xx, a refused target. */
  | 'reject'
  /** 410: the webhook is to be disabled. */
  | 'gone'
  /**
   * Nothing was asked of the endpoint, for a reason that is not its own, such as an egress proxy, a token endpoint or
   * a vault that fails: to be made again later. It costs no attempt and says nothing about the endpoint.
   */
  | 'postpone';

/** What became of one request. Holds no request body and no secret. */
export interface AttemptResult {
  readonly verdict: AttemptVerdict;
  readonly url: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly timings: {
    readonly dnsMs: number | null;
    readonly connectMs: number | null;
    readonly tlsMs: number | null;
    readonly firstByteMs: number | null;
    readonly bodyMs: number | null;
    readonly totalMs: number;
  };
  readonly statusCode: number | null;
  readonly errorClass: AttemptErrorClass | null;
  readonly errorMessage: string | null;
  readonly remoteAddress: string | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: string | null;
  readonly isResponseTruncated: boolean;
  /** `Retry-After` of the response as a delay from the end of the attempt, in milliseconds; `null` if none was asked. */
  readonly retryAfterMs: number | null;
  /** What the endpoint asked for with `webhook-delivery` in a complete answer; `null` if nothing. */
  readonly deliveryControl: DeliveryControl | null;
}

/** Stable words for what went wrong. */
export type AttemptErrorClass =
  | 'http_status'
  | 'redirect_refused'
  | 'dns_error'
  | 'connection_refused'
  | 'connection_reset'
  | 'network_unreachable'
  | 'tls_error'
  | 'timeout'
  /** The network policy forbids every address of the target, or its port. Nothing was dialled. */
  | 'ssrf_blocked'
  | 'insecure_url'
  /** The request itself cannot be sent: a malformed URL, header or signing secret. Nothing was dialled. */
  | 'invalid_request'
  | 'invalid_response'
  | 'response_too_large'
  /** There is no access token to send with: the endpoint was not asked, or has refused the last one. */
  | 'token_error'
  /** The token resolver has no token for this request now: the endpoint was not asked. */
  | 'no_token'
  /** A secret that the webhook refers to cannot be looked up now: the endpoint was not asked. */
  | 'secret_unavailable'
  /** The egress proxy cannot be reached, or opens no tunnel: the endpoint was not asked. */
  | 'proxy_error'
  /** What carries the request instead of HTTP has thrown, or answered nothing that can be judged. */
  | 'sender_error'
  | 'aborted'
  | 'unknown';

/** Sends signed requests. There is one path for first attempt, retry, replay and test call. */
export interface Sender {
  /**
   * Sends one request and tells what became of it. Never throws for anything the endpoint or the network does.
   *
   * @param signal aborts the request: the result then has error class `aborted`
   */
  send(request: OutgoingRequest, signal?: AbortSignal): Promise<AttemptResult>;
  /** Closes idle and open connections. */
  close(): Promise<void>;
}

export const SENDER = Symbol('posthorn.Sender');
