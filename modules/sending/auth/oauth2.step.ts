import type { Clock } from '../../kernel/index.js';
import type { Exchange, SendStep } from '../exchange.js';
import type { AttemptResult, OAuth2Auth } from '../sender.js';
import type { AccessTokens } from './access-tokens.js';
import { authorized } from './authorized.js';
import { Patience } from './patience.js';
import { tokenFailure } from './token-failure.js';

/**
 * Adds an access token to the requests of webhooks with OAuth 2 client credentials. An endpoint that refuses it (401) is
 * asked once more, with another token, within the same attempt: tokens can be revoked, and keys of servers replaced.
 *
 * The deadline of the attempt covers the wait for tokens, and both requests. When no other token is to be had after a
 * 401, the attempt is retried by the schedule instead of rejected.
 */
export function oauth2(tokens: AccessTokens, clock: Clock): SendStep {
  const patience = new Patience(clock);
  return (next) => (exchange) => {
    const { auth, timeoutMs } = exchange.request;
    if (auth.type !== 'oauth2') return next(exchange);
    const deadline = clock.monotonic() + timeoutMs;
    return new Authorized(exchange, auth, { deadline, clock, patience, tokens }).send(next);
  };
}

interface AuthorizedParts {
  /** Monotonic milliseconds. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly patience: Patience;
  readonly tokens: AccessTokens;
}

/** One attempt with an access token. */
class Authorized {
  constructor(
    private readonly exchange: Exchange,
    private readonly auth: OAuth2Auth,
    private readonly parts: AuthorizedParts,
  ) {}

  async send(next: ReturnType<SendStep>): Promise<AttemptResult> {
    const { tokens } = this.parts;
    const { tls } = this.exchange;
    const token = await this.#waited(tokens.get(this.auth, tls));
    const first = await next(this.#with(token));
    if (first.statusCode !== 401) return this.#whole(first);
    const other = await this.#waited(tokens.insteadOf(token, this.auth, tls));
    if (other === null) return { ...this.#whole(first), verdict: 'retry' };
    return this.#whole(await next(this.#with(other)));
  }

  #waited<Value>(promise: Promise<Value>): Promise<Value> {
    return this.parts.patience.wait(promise, {
      timeoutMs: this.#remainingMs,
      signal: this.exchange.signal,
      lateness: () => tokenFailure('postpone', 'the token endpoint gave no answer in time'),
    });
  }

  #with(token: string): Exchange {
    return authorized(this.exchange, token, this.#remainingMs);
  }

  /** The result of the last request, with the time that the attempt has taken. */
  #whole(result: AttemptResult): AttemptResult {
    const tookMs = this.exchange.request.timeoutMs - this.#remainingMs;
    return { ...result, timings: { ...result.timings, totalMs: Math.round(tookMs * 100) / 100 } };
  }

  get #remainingMs(): number {
    return this.parts.deadline - this.parts.clock.monotonic();
  }
}
