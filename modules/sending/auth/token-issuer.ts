import * as oauth from 'oauth4webapi';
import type { Clock } from '../../kernel/index.js';
import type { EgressFetch } from '../egress-fetch.js';
import type { TlsIdentity } from '../network/tls.js';
import { parseRetryAfter } from '../response/retry-after.js';
import { SendFailure } from '../send-failure.js';
import type { OAuth2Client } from '../sender.js';
import { isAccessToken } from './authorized.js';
import { tokenFailure, tokenFailureOf } from './token-failure.js';

/** What token endpoints are asked with; the same for all of a sender. */
export interface TokenTools {
  readonly fetch: EgressFetch;
  readonly clock: Clock;
}

/** What the library asks a `fetch` for. */
interface LibraryRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | undefined;
}

/** A token as it was issued. */
export interface IssuedToken {
  readonly text: string;
  /** How long it is valid from when it was asked for, in milliseconds; `null`: the server did not say. */
  readonly lifetimeMs: number | null;
}

/** A refusal with the time that the server wants to be left alone. */
export class TokenRefusal extends Error {
  constructor(
    readonly failure: SendFailure,
    readonly retryAfterMs: number | null,
  ) {
    super(failure.message);
  }
}

/** One deadline over discovery and token request. */
export const TOKEN_TIMEOUT_MS = 10_000;
/** Largest answer of a token endpoint or an issuer, in bytes. */
export const MAX_TOKEN_ANSWER_BYTES = 65_536;
/** The metadata of an issuer is asked for again after this time, and after every failure. */
const METADATA_LIFE_MS = 3_600_000;

/** Codes of RFC 6749, section 5.2, and those of its extensions. */
const ERROR_CODE = /^[a-z_]{1,64}$/;

/** Asks for the access tokens of one client: RFC 6749, section 4.4, with discovery by OpenID Connect or RFC 8414. */
export class TokenIssuer {
  readonly #client: OAuth2Client;
  readonly #tools: TokenTools;
  #server: { readonly metadata: oauth.AuthorizationServer; readonly until: number } | null = null;

  constructor(client: OAuth2Client, tools: TokenTools) {
    this.#client = client;
    this.#tools = tools;
  }

  /**
   * A new token.
   *
   * @throws TokenRefusal whose failure is a `token_error`, or `aborted` when the sender closes
   */
  async issue(tls: TlsIdentity | null): Promise<IssuedToken> {
    const { clock } = this.#tools;
    const deadline = clock.monotonic() + TOKEN_TIMEOUT_MS;
    try {
      const server = await this.#authorizationServer(tls, deadline);
      return await this.#requested(server, tls, deadline);
    } catch (error) {
      this.#server = null;
      throw error instanceof TokenRefusal ? error : new TokenRefusal(failureOf(error), null);
    }
  }

  async #requested(
    server: oauth.AuthorizationServer,
    tls: TlsIdentity | null,
    deadline: number,
  ): Promise<IssuedToken> {
    const { clientId, audience, resource, scope } = this.#client;
    const client = { client_id: clientId };
    const parameters = {
      ...(scope !== undefined && { scope }),
      ...(audience !== undefined && { audience }),
      ...(resource !== undefined && { resource }),
    };
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      this.#authenticationAt(server),
      parameters,
      this.#options(tls, deadline),
    );
    if (response.status !== 200) throw await this.#refusalOf(response);
    const token = await oauth.processClientCredentialsResponse(server, client, response);
    const { access_token: text, expires_in: seconds, token_type: type } = token;
    if (type !== 'bearer') throw tokenFailure('retry', 'the token is not of the type Bearer');
    if (!isAccessToken(text)) {
      throw tokenFailure('retry', 'the token is too long, or holds characters that none may');
    }
    return { text, lifetimeMs: seconds === undefined ? null : seconds * 1_000 };
  }

  #authenticationAt(server: oauth.AuthorizationServer): oauth.ClientAuth {
    const { clientAuthentication, clientSecret } = this.#client;
    const supported = server.token_endpoint_auth_methods_supported ?? [];
    // RFC 8414: where the server does not say, it takes Basic.
    const isPostOnly =
      supported.includes('client_secret_post') && !supported.includes('client_secret_basic');
    return (clientAuthentication ?? (isPostOnly ? 'post' : 'basic')) === 'post'
      ? oauth.ClientSecretPost(clientSecret)
      : basicAuthentication(clientSecret);
  }

  async #authorizationServer(
    tls: TlsIdentity | null,
    deadline: number,
  ): Promise<oauth.AuthorizationServer> {
    const { issuer, tokenUrl } = this.#client;
    if (issuer === undefined) return { issuer: tokenUrl ?? '', token_endpoint: tokenUrl ?? '' };
    const { clock } = this.#tools;
    if (this.#server && clock.monotonic() < this.#server.until) return this.#server.metadata;
    const metadata = await this.#discovered(new URL(issuer), tls, deadline);
    if (metadata.token_endpoint === undefined) {
      throw tokenFailure('retry', 'the metadata of the issuer names no token endpoint');
    }
    this.#server = { metadata, until: clock.monotonic() + METADATA_LIFE_MS };
    return metadata;
  }

  /** OpenID Connect Discovery first, which most have; then RFC 8414. */
  async #discovered(
    issuer: URL,
    tls: TlsIdentity | null,
    deadline: number,
  ): Promise<oauth.AuthorizationServer> {
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const options = { algorithm, ...this.#options(tls, deadline) };
      const response = await oauth.discoveryRequest(issuer, options);
      if (response.status === 200) return await oauth.processDiscoveryResponse(issuer, response);
      if (isTrouble(response.status)) {
        throw tokenFailure('postpone', `the issuer answered ${response.status}`);
      }
    }
    throw tokenFailure('retry', 'the issuer has no metadata (OpenID Connect Discovery, RFC 8414)');
  }

  #options(tls: TlsIdentity | null, deadline: number) {
    const { clock, fetch } = this.#tools;
    return {
      // Deprecated so that it stands out. Whether `http:` is allowed is decided by `fetch`, as for every other request.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: (url: string, { method, headers, body }: LibraryRequest) => {
        const sent = new Headers(headers);
        // That of the library would stand in place of Posthorn's.
        sent.delete('user-agent');
        const timeoutMs = Math.max(1, deadline - clock.monotonic());
        const maxResponseBytes = MAX_TOKEN_ANSWER_BYTES;
        return fetch(url, { method, headers: sent, body, tls, timeoutMs, maxResponseBytes });
      },
    };
  }

  async #refusalOf(response: Response): Promise<TokenRefusal> {
    const { status } = response;
    const verdict = isTrouble(status) ? 'postpone' : 'retry';
    const code = verdict === 'postpone' ? '' : await this.#errorCodeIn(response);
    const retryAfter = response.headers.get('retry-after');
    const date = response.headers.get('date') ?? undefined;
    return new TokenRefusal(
      tokenFailure(verdict, `the token endpoint answered ${status}${code && ` (${code})`}`),
      retryAfter === null ? null : parseRetryAfter(retryAfter, date, this.#tools.clock.now()),
    );
  }

  /** What else a server says, its `error_description` above all, may hold anything. */
  async #errorCodeIn(response: Response): Promise<string> {
    try {
      const { error } = (await response.json()) as { readonly error?: unknown };
      const isCode = typeof error === 'string' && ERROR_CODE.test(error);
      return isCode && !error.includes(this.#client.clientSecret) ? error : '';
    } catch {
      return '';
    }
  }
}

/**
 * RFC 6749, section 2.3.1. That of the library escapes `-`, `.` and `_` too, which is allowed, but many servers do not
 * unescape, and many ids and secrets hold them.
 */
function basicAuthentication(clientSecret: string): oauth.ClientAuth {
  return (_server, { client_id: clientId }, _body, headers) => {
    const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** Whether a status is worth asking again soon. */
function isTrouble(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

function failureOf(error: unknown): SendFailure {
  if (error instanceof SendFailure) return tokenFailureOf(error);
  // Texts of the library, about the shape of an answer: what was answered is in their causes only.
  const reason = error instanceof Error ? error.message.slice(0, 200) : 'unknown failure';
  return tokenFailure('retry', reason);
}
