import type { Clock } from '../kernel/index.js';
import { AbortWatch } from './abort-watch.js';
import { ConnectionPool } from './network/connection-pool.js';
import { Dialer } from './network/dialer.js';
import { NetworkPolicy } from './network/network-policy.js';
import { DirectOutlet, type Outlet } from './network/outlet.js';
import { ProxyOutlet } from './network/proxy-outlet.js';
import type { CheckedSendingOptions } from './sending.options.js';
import {
  type Ending,
  type Journey,
  type Outgoing,
  Transmission,
  type TransmissionTools,
} from './transmission.js';

/**
 * The one way out to addresses that somebody else chose: every request passes the network policy, the bounds of the
 * connection pool and the egress proxy, whoever makes it.
 */
export class Egress {
  readonly #tools: TransmissionTools & { readonly pool: ConnectionPool };

  constructor(options: CheckedSendingOptions) {
    const { clock, resolver, secureContext } = options;
    const policy = new NetworkPolicy(options.allowedNetworks, options.deniedNetworks);
    const dialer = new Dialer({
      clock,
      policy,
      resolver,
      secureContext,
      outlet: outletOf(options),
    });
    const { maxConnections, maxConnectionsPerOrigin, idleTimeoutMs } = options;
    this.#tools = {
      clock,
      aborts: new AbortWatch(),
      pool: new ConnectionPool({
        clock,
        dialer,
        maxConnections,
        maxConnectionsPerOrigin,
        idleTimeoutMs,
      }),
    };
  }

  /** The clock that its deadlines and durations are measured with. */
  get clock(): Clock {
    return this.#tools.clock;
  }

  /** How many connections are open, being opened included. */
  get connectionCount(): number {
    return this.#tools.pool.connectionCount;
  }

  /** How many origins have connections or requests that wait for one. */
  get originCount(): number {
    return this.#tools.pool.originCount;
  }

  /** Sends one request; `onEnd` is called once, with a failure or with what was answered. */
  transmit(outgoing: Outgoing, onEnd: (journey: Journey, ending: Ending) => void): void {
    new Transmission(outgoing, this.#tools, onEnd).start();
  }

  /** Closes every connection; what is under way fails with `aborted`. */
  close(): Promise<void> {
    return this.#tools.pool.close();
  }
}

function outletOf(options: CheckedSendingOptions): Outlet {
  const direct = new DirectOutlet(options.openSocket);
  return options.egressProxy === null
    ? direct
    : new ProxyOutlet(options.egressProxy, { ...options, direct });
}
