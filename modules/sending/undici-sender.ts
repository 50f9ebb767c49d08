import { refusedResult, attemptResult } from './attempt-result.js';
import { BoundedCache } from './bounded-cache.js';
import { carrying } from './carried.js';
import { Egress } from './egress.js';
import { type EgressFetch, egressFetch } from './egress-fetch.js';
import { compose, type Dispatch, type Exchange } from './exchange.js';
import { parseTarget, type Target } from './network/target.js';
import { HELD_BYTES } from './response/response-body.js';
import { SendFailure, sendFailureOf } from './send-failure.js';
import type { AttemptResult, OutgoingRequest, Sender } from './sender.js';
import { checkSendingOptions, type SendingOptions } from './sending.options.js';
import { AccessTokens } from './auth/access-tokens.js';
import { authorization } from './auth/authorization.step.js';
import { oauth2 } from './auth/oauth2.step.js';
import { TlsIdentities } from './auth/tls-identities.js';
import { tokenResolver } from './auth/token-resolver.step.js';
import { contentHeaders } from './steps/content-headers.step.js';
import { httpsOnly } from './steps/https-only.step.js';
import { standardSignature } from './steps/standard-signature.step.js';
import { staticHeaders } from './steps/static-headers.step.js';

/** How many URLs are remembered in parsed form. */
const MOST_TARGETS = 16_384;

/**
 * Sends over HTTP/1.1 with undici: keep-alive connections pooled by origin, one deadline over everything, no redirects,
 * and only to addresses that the network policy allows.
 *
 * A request is a chain of steps around one dispatch; each adds its headers or refuses the request.
 */
export class UndiciSender implements Sender {
  /** For other requests to URLs that somebody else chose, such as token endpoints: under the same rules. */
  readonly fetch: EgressFetch;
  readonly #egress: Egress;
  readonly #maxBodyBytes: number;
  readonly #dispatch: Dispatch;
  readonly #identities = new TlsIdentities();
  readonly #targets = new BoundedCache<string, Target>(MOST_TARGETS, targetOf);

  /** @throws PosthornError PSH_SENDING_INVALID_OPTIONS with every mistake in `problems` */
  constructor(options: SendingOptions = {}) {
    const checked = checkSendingOptions(options);
    this.#egress = new Egress(checked);
    this.#maxBodyBytes = checked.maxBodyBytes;
    this.fetch = egressFetch(this.#egress, checked);
    const steps = [
      ...(checked.isHttpAllowed ? [] : [httpsOnly]),
      contentHeaders,
      staticHeaders(checked.userAgent),
      authorization,
      oauth2(new AccessTokens({ fetch: this.fetch, clock: checked.clock }), checked.clock),
      tokenResolver(checked.clock),
      ...checked.steps,
      standardSignature(),
    ];
    const carried = carrying(checked.clock);
    this.#dispatch = compose(steps, (exchange) => {
      const { carry } = exchange.request;
      return carry ? carried(carry)(exchange) : transmitted(exchange, this.#egress);
    });
  }

  /** How many connections are open, being opened included. */
  get connectionCount(): number {
    return this.#egress.connectionCount;
  }

  /** How many origins have connections or requests that wait for one. */
  get originCount(): number {
    return this.#egress.originCount;
  }

  async send(request: OutgoingRequest, signal?: AbortSignal): Promise<AttemptResult> {
    const startedAt = this.#egress.clock.now();
    const secrets = [...request.signingSecrets, ...(request.secrets ?? [])];
    try {
      const target = this.#targets.get(request.url);
      if (request.body.length > this.#maxBodyBytes) {
        const reason = `the body has ${request.body.length} bytes, ${this.#maxBodyBytes} are allowed`;
        throw new SendFailure('invalid_request', reason);
      }
      const tls = request.tls ? this.#identities.of(request.tls) : null;
      const exchange = { request, target, startedAt, headers: [], secrets, signal, tls };
      return await this.#dispatch(exchange);
    } catch (error) {
      return refusedResult({ request, startedAt, secrets }, sendFailureOf(error));
    }
  }

  close(): Promise<void> {
    return this.#egress.close();
  }
}

/** Sends an exchange as it is, and makes a result of what came of it. */
function transmitted(exchange: Exchange, egress: Egress): Promise<AttemptResult> {
  const { request, target, tls, headers, signal, secrets } = exchange;
  const { body, timeoutMs } = request;
  return new Promise((resolve) => {
    egress.transmit(
      { target, tls, method: 'POST', headers, body, timeoutMs, signal, heldBytes: HELD_BYTES },
      (journey, ending) => {
        const answered = ending.response?.body;
        if (!answered?.isCompressed) {
          const recorded = answered?.recordPlain(secrets) ?? null;
          resolve(attemptResult(exchange, journey, ending, recorded));
          return;
        }
        void answered.recordCompressed(secrets).then((recorded) => {
          resolve(attemptResult(exchange, journey, ending, recorded));
        });
      },
    );
  });
}

function targetOf(url: string): Target {
  const target = parseTarget(url);
  if (typeof target === 'string') throw new SendFailure('invalid_request', target);
  return target;
}
