import { AbortWatch } from './abort-watch.js';
import { refusedResult } from './attempt-result.js';
import { BoundedCache } from './bounded-cache.js';
import { compose, type Dispatch } from './exchange.js';
import { ConnectionPool } from './network/connection-pool.js';
import { Dialer } from './network/dialer.js';
import { NetworkPolicy } from './network/network-policy.js';
import { parseTarget, type Target } from './network/target.js';
import { SendFailure, sendFailureOf } from './send-failure.js';
import type { AttemptResult, OutgoingRequest, Sender } from './sender.js';
import { checkSendingOptions, type SendingOptions } from './sending.options.js';
import { bearerAuth } from './steps/bearer-auth.step.js';
import { contentHeaders } from './steps/content-headers.step.js';
import { httpsOnly } from './steps/https-only.step.js';
import { standardSignature } from './steps/standard-signature.step.js';
import { staticHeaders } from './steps/static-headers.step.js';
import { Transmission } from './transmission.js';

/** How many URLs are remembered in parsed form. */
const MOST_TARGETS = 16_384;

/**
 * Sends over HTTP/1.1 with undici: keep-alive connections pooled by origin, one deadline over everything, no redirects,
 * and only to addresses that the network policy allows.
 *
 * A request is a chain of steps around one dispatch; each adds its headers or refuses the request.
 */
export class UndiciSender implements Sender {
  readonly #clock;
  readonly #pool: ConnectionPool;
  readonly #aborts = new AbortWatch();
  readonly #dispatch: Dispatch;
  readonly #targets = new BoundedCache<string, Target>(MOST_TARGETS, targetOf);

  /** @throws PosthornError PSH_SENDING_INVALID_OPTIONS with every mistake in `problems` */
  constructor(options: SendingOptions = {}) {
    const checked = checkSendingOptions(options);
    this.#clock = checked.clock;
    this.#pool = new ConnectionPool({
      clock: checked.clock,
      dialer: new Dialer({ ...checked, policy: new NetworkPolicy(checked.allowedNetworks) }),
      maxConnections: checked.maxConnections,
      maxConnectionsPerOrigin: checked.maxConnectionsPerOrigin,
      idleTimeoutMs: checked.idleTimeoutMs,
    });
    const steps = [
      ...(checked.isHttpAllowed ? [] : [httpsOnly]),
      contentHeaders,
      staticHeaders(checked.userAgent),
      bearerAuth,
      ...checked.steps,
      standardSignature(),
    ];
    this.#dispatch = compose(
      steps,
      (exchange) =>
        new Promise((resolve) => {
          new Transmission(exchange, this.#clock, this.#pool, this.#aborts, resolve).start();
        }),
    );
  }

  /** How many connections are open, being opened included. */
  get connectionCount(): number {
    return this.#pool.connectionCount;
  }

  /** How many origins have connections or requests that wait for one. */
  get originCount(): number {
    return this.#pool.originCount;
  }

  async send(request: OutgoingRequest, signal?: AbortSignal): Promise<AttemptResult> {
    const startedAt = this.#clock.now();
    const secrets: string[] = [];
    try {
      const target = this.#targets.get(request.url);
      return await this.#dispatch({ request, target, startedAt, headers: [], secrets, signal });
    } catch (error) {
      return refusedResult({ request, startedAt, secrets }, sendFailureOf(error));
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function targetOf(url: string): Target {
  const target = parseTarget(url);
  if (typeof target === 'string') throw new SendFailure('invalid_request', target);
  return target;
}
