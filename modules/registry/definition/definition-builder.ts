import { ANY_EVENT_TYPE } from './event-type-rules.js';
import { type HeaderInput, isCredentialHeader } from './header-rules.js';
import type { AnyFunction, QuestionInput } from '../functions/declared-function.js';
import type {
  EventFilter,
  EventTransform,
  SenderHook,
  TokenResolver,
} from '../functions/webhook-functions.js';
import type {
  EnvelopeKind,
  RateLimit,
  RetryPolicy,
  SourceSelection,
  StartFrom,
} from '../webhook.events.js';
import { type DefinitionRules, parseDefinition } from './definition-rules.js';
import type { SecretInput } from './secret-reference.js';
import type { WebhookDraft } from './webhook-draft.js';
import type {
  AuthInput,
  ClientCertificateInput,
  OAuth2Input,
  OrderingInput,
  SigningInput,
  WebhookInput,
} from './webhook-input.js';

/**
 * An event type by name (also a pattern such as `order.*`), or a class of events: its static `eventType` if it has one,
 * else its name.
 */
export type EventTypeSource = string | EventTypeClass;

export type EventTypeClass = (abstract new (...args: never[]) => unknown) & {
  readonly eventType?: string;
};

/** What stands for a function in the definition. */
interface VersionOption {
  readonly version?: string;
}

/**
 * Says what a webhook is, step by step. No step throws: every mistake is kept and reported at once when the definition
 * is built. A step that is repeated replaces what it said before, except event types and headers of different names,
 * which add up.
 *
 * @example
 * builder.toUrl('https://example.com/hooks').withEventType(OrderPlaced).withBearerToken(token)
 */
export class DefinitionBuilder {
  readonly #eventTypes = new Set<unknown>();
  readonly #headers = new Map<string, HeaderInput>();
  #fields: { -readonly [Field in keyof WebhookInput]?: WebhookInput[Field] } = {};

  /** @param url where to deliver; default: what the registration or the decorator names */
  constructor(url?: string) {
    if (url !== undefined) this.#fields.url = url;
  }

  /** Delivers to this URL: absolute, https, at most 2,048 characters, no userinfo, no fragment. */
  toUrl(url: string): this {
    return this.#set({ url });
  }

  /** Listens to one more event type. */
  withEventType(type: EventTypeSource): this {
    this.#eventTypes.add(eventTypeOf(type));
    return this;
  }

  /** Listens to these event types too. */
  withEventTypes(...types: readonly EventTypeSource[]): this {
    for (const type of types) this.withEventType(type);
    return this;
  }

  /** Listens to every event type, those of the future included. */
  withAnyEventType(): this {
    return this.withEventType(ANY_EVENT_TYPE);
  }

  /** Listens to the events of one tenant. Default: events without a tenant. */
  forTenant(tenantId: string): this {
    return this.#set({ tenantId, isGlobal: false });
  }

  /** Listens to the events of every tenant, and to those without one: never the default. */
  forAllTenants(): this {
    return this.#set({ tenantId: null, isGlobal: true });
  }

  /** Listens to one stream only. */
  fromStream(stream: string): this {
    return this.#set({ source: { kind: 'stream', stream } satisfies SourceSelection });
  }

  /** Listens to the streams named `{category}-...` only. */
  fromCategory(category: string): this {
    return this.#set({ source: { kind: 'category', category } satisfies SourceSelection });
  }

  /**
   * Sends a static header, stored and shown in clear. A name that speaks of credentials (`Authorization`, `X-Api-Key`,
   * ...) makes it a secret all the same.
   */
  withHeader(name: string, value: string): this {
    return this.#header(name, value, isCredentialHeader(name));
  }

  /** Sends a static header whose value is a secret: encrypted, or kept in the code that declares it. */
  withSecretHeader(name: string, value: SecretInput): this {
    if (typeof value === 'string') return this.#header(name, value, true);
    this.#headers.set(name, value);
    return this;
  }

  /**
   * Sends `Authorization: Bearer {token}` (RFC 6750). The last kind of authorisation wins.
   *
   * @param token the token; or, for a webhook that is declared in code, a function that gives one for each request, such as
   * by tenant. While it gives none, throws, or takes longer than 10 s, the delivery waits without costing an attempt.
   * @param options.version what stands for the function in the definition; default: a digest of its source text
   * @example
   * webhook.withBearerToken(({ tenantId }) => this.tokens.find(tenantId))
   */
  withBearerToken(
    token: SecretInput | TokenResolver,
    { version }: { readonly version?: string } = {},
  ): this {
    if (typeof token !== 'function') return this.#auth({ type: 'bearer', token });
    const resolve = version === undefined ? token : { call: token, version };
    return this.#auth({ type: 'resolver', resolve });
  }

  /**
   * Sends `Authorization: Basic`, the user name and the password in UTF-8 (RFC 7617). The last kind of authorisation wins.
   *
   * @param username at most 1,024 characters, no colon
   * @param password at most 1,024 characters; may be empty
   */
  withBasicAuth(username: string, password: SecretInput): this {
    return this.#auth({ type: 'basic', username, password });
  }

  /**
   * Sends `Authorization: Bearer` with an access token by OAuth 2 client credentials (RFC 6749, section 4.4). The last kind
   * of authorisation wins.
   *
   * Tokens are kept in memory, asked for once for all deliveries of the webhook, and replaced before they expire. An
   * endpoint that answers 401 is asked once more within the attempt, with a new token. A token endpoint in trouble makes
   * deliveries wait; one that refuses the client fails the attempt with the error class `token_error`.
   *
   * @example
   * webhook.withOAuth2({ issuer: 'https://login.example/realm', clientId: 'shop', clientSecret, scope: 'hooks.write' })
   * webhook.withOAuth2({ tokenUrl: 'https://login.example/token', clientId: 'shop', clientSecret })
   */
  withOAuth2(client: OAuth2Input): this {
    return this.#auth({ ...client, type: 'oauth2' });
  }

  /**
   * Presents this certificate to the endpoint (mTLS), and to the token endpoint where there is one. It goes together with
   * every kind of authorisation.
   *
   * @param client PEM texts: the certificate with the chain up to its authority, its key, and the passphrase of the key
   */
  withClientCertificate(client: ClientCertificateInput): this {
    return this.#set({ tls: { ...this.#fields.tls, clientCertificate: client } });
  }

  /**
   * Trusts these authorities too when it connects to the endpoint, and to the token endpoint where there is one: those of a
   * private network, say, or the very certificate of an endpoint that signed its own. What is repeated adds up.
   *
   * @param certificates in PEM; one text may hold several, 20 in all
   */
  withCertificateAuthority(...certificates: readonly string[]): this {
    const { certificateAuthorities, ...tls } = this.#fields.tls ?? {};
    const all = [...(certificateAuthorities ?? []), ...certificates];
    return this.#set({ tls: { ...tls, certificateAuthorities: all } });
  }

  /** Sends no authorisation: the default, and the way to take back an earlier one. */
  withoutAuth(): this {
    return this.#auth({ type: 'none' });
  }

  /**
   * How requests are signed: with which kinds of keys, and in which styles of headers. Default: a symmetric secret, and
   * Standard Webhooks. What is not said stays as it was said before.
   *
   * @example
   * webhook.withSigning({ keys: 'both' })
   * webhook.withSigning({
   *   profiles: ['standard', { kind: 'github', headers: { signature: 'X-Hub-Signature-256' } }],
   * })
   */
  withSigning(signing: SigningInput): this {
    return this.#set({ signing: { ...this.#fields.signing, ...signing } });
  }

  /**
   * Signs with these secrets instead of generated ones: `whsec_` and the base64 text of 24 to 64 bytes, or `whsk_` and
   * that of an ed25519 private key. With a profile beside Standard Webhooks also a secret of another system, as it is:
   * 24 to 64 printable characters.
   *
   * @param newest the secret that receivers should verify with
   * @param previous secrets that still sign beside it while receivers change over
   */
  withSigningSecret(newest: SecretInput, ...previous: readonly SecretInput[]): this {
    return this.#set({ signingSecrets: [newest, ...previous] });
  }

  /**
   * Delivers only those of the selected events of which a JMESPath expression, or a function where the webhook is declared
   * in code, answers what counts as true: for an expression anything but null, false and what is empty. An event that the
   * filter fails on is a dead letter.
   *
   * @param options.version what stands for a function in the definition; default: a digest of its source text
   * @example
   * webhook.withFilter("data.currency == 'EUR' && data.total > `100`")
   * webhook.withFilter(({ metadata }) => isOfInterest(metadata))
   */
  withFilter(filter: EventFilter | string, options: VersionOption = {}): this {
    return this.#set({ filter: versioned(filter, options) });
  }

  /**
   * How events are told in requests: `standard` (Standard Webhooks: type, timestamp, data and metadata), `cloudevents`
   * (CloudEvents 1.0, structured JSON), or `raw` (the event's data as it is, the rest in headers). Default: `standard`.
   */
  withEnvelope(envelope: EnvelopeKind): this {
    return this.#set({ envelope });
  }

  /**
   * Makes the body of every request, in place of the envelope: with a JMESPath expression, or with a function where the
   * webhook is declared in code. What it answers is sent as JSON; a function may also answer a `TransformedBody`.
   *
   * @param options.version what stands for the function in the definition; default: a digest of its source text
   * @example
   * webhook.withTransform('{text: type, total: data.total}')
   * webhook.withTransform((event) => ({ text: `${event.type} in ${event.stream}` }))
   */
  withTransform(transform: EventTransform | string, options: VersionOption = {}): this {
    return this.#set({ transform: versioned(transform, options) });
  }

  /**
   * Carries the finished requests (signed, authorised, with all headers) in place of HTTP, such as to a queue: nothing is
   * dialled. Only a webhook that is declared in code can have one.
   *
   * What it answers is judged and recorded as the answer of an endpoint is, under the same deadline. A hook that throws, or
   * answers nothing of use, fails the attempt with the error class `sender_error`; one that does not settle, with `timeout`.
   * It may get a request again, as endpoints do, with the same `deliveryId`.
   *
   * @param options.version what stands for the function in the definition; default: a digest of its source text
   * @example
   * webhook.withSender(async ({ body, deliveryId, headers }) => {
   *   await this.queue.send({ id: deliveryId, body: body.toString(), headers });
   *   return { status: 202 };
   * })
   */
  withSender(hook: SenderHook, { version }: VersionOption = {}): this {
    return this.#set({ sender: version === undefined ? hook : { call: hook, version } });
  }

  /** When a failed attempt is tried again. Default: 10 attempts over 75 h 35 m 05 s, as Standard Webhooks suggests. */
  withRetry(retry: RetryPolicy): this {
    return this.#set({ retry });
  }

  /** @param timeoutMs deadline of one attempt over everything, 1 to 120,000 ms; default 20,000 */
  withTimeout(timeoutMs: number): this {
    return this.#set({ timeoutMs });
  }

  /** @param concurrency attempts under way at once per instance, 1 to 1,000; default 10 */
  withConcurrency(concurrency: number): this {
    return this.#set({ concurrency });
  }

  /**
   * Limits how many requests start, per instance. What comes faster is recorded as scheduled and waits; that costs no
   * attempt. Default: not limited.
   *
   * @param limit `perSecond` (1 to 1,000) or `perMinute` (1 to 60,000), and `burst` (1 to 1,000): how many may start at
   *   once after a pause; default what comes in a tenth of a second, at least 1
   * @example
   * webhook.withRateLimit({ perSecond: 20 })
   * webhook.withRateLimit({ perMinute: 100, burst: 10 })
   */
  withRateLimit(limit: RateLimit): this {
    return this.#set({ rateLimit: limit });
  }

  /**
   * Sends the events of one source stream one after the other, in the order of the stream: while one of them is tried
   * again, those behind it wait, and other streams go on. Default: in any order, as fast as the endpoint answers.
   *
   * @param by `source-stream`
   * @param options.onDeadLetter whether the rest of a stream goes on after a dead letter (`continue`, the default), or
   * is held until that is replayed to success or discarded (`hold`)
   */
  withOrdering(by: OrderingInput['by'], options: Omit<OrderingInput, 'by'> = {}): this {
    return this.#set({ ordering: { ...options, by } });
  }

  /** Sends events in any order: the default, and the way to take back an earlier order. */
  withoutOrdering(): this {
    return this.#set({ ordering: null });
  }

  /** Refuses replays of deliveries that were made. */
  notReplayable(): this {
    return this.#set({ isReplayable: false });
  }

  /** Registers the webhook, but lets it match nothing. */
  notActive(): this {
    return this.#set({ isActive: false });
  }

  /** Where the webhook starts to listen when it is registered for the first time; default `now`. */
  startFrom(place: StartFrom): this {
    return this.#set({ startFrom: place });
  }

  /** @param text for people, at most 1,000 characters */
  describedAs(text: string): this {
    return this.#set({ description: text });
  }

  /**
   * Checks everything that was said.
   *
   * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION` with every mistake in `problems`
   */
  build(webhookId: string, rules: DefinitionRules): WebhookDraft {
    const headers = Object.fromEntries(this.#headers);
    const input = { ...this.#fields, eventTypes: [...this.#eventTypes], headers };
    return parseDefinition(webhookId, input, rules);
  }

  #set(fields: Partial<WebhookInput>): this {
    this.#fields = { ...this.#fields, ...fields };
    return this;
  }

  #auth(auth: AuthInput): this {
    return this.#set({ auth });
  }

  #header(name: string, value: string, isSecret: boolean): this {
    this.#headers.set(name, { value, isSecret });
    return this;
  }
}

function versioned<Call extends AnyFunction>(
  question: Call | string,
  { version }: VersionOption,
): QuestionInput<Call> {
  if (typeof question === 'string' || version === undefined) return question;
  return { call: question, version };
}

function eventTypeOf(type: unknown): unknown {
  if (typeof type !== 'function') return type;
  const named = (type as Partial<EventTypeClass>).eventType;
  return named ?? type.name;
}
