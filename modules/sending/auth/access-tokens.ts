import type { TlsIdentity } from '../network/tls.js';
import type { SendFailure } from '../send-failure.js';
import type { OAuth2Auth } from '../sender.js';
import { type IssuedToken, TokenIssuer, TokenRefusal, type TokenTools } from './token-issuer.js';
import { tokenFailure } from './token-failure.js';

interface AccessToken {
  readonly text: string;
  /** Monotonic milliseconds from which on another one is asked for, while this one is still sent. */
  readonly refreshAt: number;
  /** Monotonic milliseconds from which on it is not sent any more. */
  readonly expiresAt: number;
}

/** A token whose server does not say how long it is valid. */
export const DEFAULT_LIFETIME_MS = 300_000;
const LONGEST_LIFETIME_MS = 86_400_000;
/** A token is refreshed this long before it expires, or when a quarter of its life is left. */
export const REFRESH_MARGIN_MS = 60_000;
/** A token is not sent this long before it expires, or in the last tenth of its life: it has to arrive. */
const EXPIRY_MARGIN_MS = 5_000;
/** How long a token endpoint that failed is left alone, unless it says something else. */
export const FAILURE_REST_MS = 5_000;
const LONGEST_FAILURE_REST_MS = 60_000;
/** How soon after a token that an endpoint refused another one is asked for on account of a refusal. */
export const REFUSAL_REST_MS = 10_000;

/** The tokens of one client, as one webhook uses them. */
class ClientTokens {
  readonly #issuer: TokenIssuer;
  readonly #tools: TokenTools;
  #token: AccessToken | null = null;
  #flight: Promise<string> | null = null;
  #failed: { readonly failure: SendFailure; readonly until: number } | null = null;
  #refusedAt = -Infinity;

  constructor(
    readonly key: string,
    auth: OAuth2Auth,
    tools: TokenTools,
  ) {
    this.#issuer = new TokenIssuer(auth.client, tools);
    this.#tools = tools;
  }

  async current(tls: TlsIdentity | null): Promise<string> {
    const now = this.#tools.clock.monotonic();
    if (!this.#token || now >= this.#token.expiresAt) return this.#refreshed(tls);
    // Nobody waits for this one, and its failure is met again, by whoever finds the token expired.
    if (now >= this.#token.refreshAt) this.#refreshed(tls).catch(() => undefined);
    return this.#token.text;
  }

  async insteadOf(refused: string, tls: TlsIdentity | null): Promise<string | null> {
    if (this.#token?.text === refused && !this.#flight) {
      const now = this.#tools.clock.monotonic();
      if (now - this.#refusedAt < REFUSAL_REST_MS) return null;
      this.#refusedAt = now;
      this.#token = null;
    }
    const token = this.#flight ? await this.#flight : await this.current(tls);
    return token === refused ? null : token;
  }

  /** One request at a time, whoever waits for it. */
  #refreshed(tls: TlsIdentity | null): Promise<string> {
    const now = this.#tools.clock.monotonic();
    if (this.#failed && now < this.#failed.until) return Promise.reject(this.#failed.failure);
    this.#flight ??= this.#issue(tls).finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  async #issue(tls: TlsIdentity | null): Promise<string> {
    const { clock } = this.#tools;
    const askedAt = clock.monotonic();
    try {
      const issued = await this.#issuer.issue(tls);
      this.#token = tokenFrom(issued, askedAt);
      this.#failed = null;
      return issued.text;
    } catch (error) {
      const refusal = error instanceof TokenRefusal ? error : null;
      const failure = refusal?.failure ?? tokenFailure('retry', 'unknown failure');
      const restMs = Math.min(refusal?.retryAfterMs ?? FAILURE_REST_MS, LONGEST_FAILURE_REST_MS);
      this.#failed = { failure, until: clock.monotonic() + restMs };
      throw failure;
    }
  }
}

/**
 * Access tokens by OAuth 2 client credentials, in memory only.
 *
 * Those of a webhook are kept as long as its definition: whoever sends hands it in as the `holder`, so that a changed
 * definition begins without a token, and what belongs to an old one, or to a webhook that is gone, is garbage. However many
 * requests need a token, one is asked for; before it expires it is replaced while it still serves; and a token endpoint
 * that failed is left alone for some seconds, in which whoever needs it gets the same failure.
 */
export class AccessTokens {
  readonly #tools: TokenTools;
  readonly #byHolder = new WeakMap<object, ClientTokens>();

  constructor(tools: TokenTools) {
    this.#tools = tools;
  }

  /**
   * A token that is valid for now.
   *
   * @throws SendFailure `token_error`; `aborted` when the sender closes
   */
  get(auth: OAuth2Auth, tls: TlsIdentity | null): Promise<string> {
    return this.#of(auth).current(tls);
  }

  /**
   * Another token than the one that the endpoint refused; `null` when the server gives no other, or one was asked for on
   * such account a moment ago.
   *
   * @throws SendFailure as `get`
   */
  insteadOf(refused: string, auth: OAuth2Auth, tls: TlsIdentity | null): Promise<string | null> {
    return this.#of(auth).insteadOf(refused, tls);
  }

  #of(auth: OAuth2Auth): ClientTokens {
    // The same definition may be sent with another secret, where that is not kept in it.
    const key = JSON.stringify(auth.client);
    let tokens = this.#byHolder.get(auth.holder);
    if (tokens?.key !== key) {
      tokens = new ClientTokens(key, auth, this.#tools);
      this.#byHolder.set(auth.holder, tokens);
    }
    return tokens;
  }
}

function tokenFrom({ text, lifetimeMs }: IssuedToken, askedAt: number): AccessToken {
  const life = Math.min(lifetimeMs ?? DEFAULT_LIFETIME_MS, LONGEST_LIFETIME_MS);
  return {
    text,
    refreshAt: askedAt + life - Math.min(REFRESH_MARGIN_MS, life / 4),
    expiresAt: askedAt + life - Math.min(EXPIRY_MARGIN_MS, life / 10),
  };
}
