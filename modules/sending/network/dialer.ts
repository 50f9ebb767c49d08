import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../kernel/index.js';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import { isBlockedPort } from './blocked-ports.js';
import type { NetworkPolicy } from './network-policy.js';
import { openFirst, type Outlet } from './outlet.js';
import type { Resolver } from './resolver.js';
import { abortable } from './settled.js';
import type { Target } from './target.js';
import { secured, type TlsIdentity } from './tls.js';

/** What a connection is good for: requests to one origin under one TLS identity. */
export interface Route {
  /** Tells routes apart. */
  readonly key: string;
  readonly target: Target;
  /** `null`: what all share. */
  readonly tls: TlsIdentity | null;
}

export function routeTo(target: Target, tls: TlsIdentity | null = null): Route {
  return { key: tls ? `${target.origin} ${tls.id}` : target.origin, target, tls };
}

/** How a connection came about: filled stage by stage, so that a failed one tells how far it got. */
export interface DialRecord {
  dnsMs: number | null;
  /** Through a proxy: until its tunnel stood. */
  connectMs: number | null;
  tlsMs: number | null;
  /** The address that was dialled last. */
  remoteAddress: string | null;
  /** Monotonic milliseconds at which the way out was asked for that address; `null` once it has answered. */
  askedAt: number | null;
}

export function newDialRecord(): DialRecord {
  return { dnsMs: null, connectMs: null, tlsMs: null, remoteAddress: null, askedAt: null };
}

export interface DialerOptions {
  readonly clock: Clock;
  readonly policy: NetworkPolicy;
  readonly resolver: Resolver;
  readonly outlet: Outlet;
  /** What TLS trusts where a route has no identity of its own. */
  readonly secureContext: SecureContext;
}

/**
 * Opens connections to targets that the network policy allows.
 *
 * A name is resolved once, every address is judged, and exactly the judged addresses are dialled: no second lookup can
 * answer differently (DNS rebinding). Of a name with allowed and forbidden addresses only the allowed ones are dialled.
 * The name still decides SNI, the certificate check and the `host` header.
 */
export class Dialer {
  readonly #options: DialerOptions;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /**
   * Resolves with a connected socket, past the TLS handshake where the target is secure.
   *
   * @param record is told of each stage as it ends
   * @param signal ends the dialling; its reason is thrown
   * @throws SendFailure `dns_error`, `ssrf_blocked`, `tls_error`, `proxy_error`, or the class of the socket's error
   */
  async dial({ target, tls }: Route, record: DialRecord, signal: AbortSignal): Promise<Socket> {
    const { clock, secureContext } = this.#options;
    const addresses = await this.#addresses(target, record, signal);
    const startedAt = clock.monotonic();
    const socket = await this.#open(addresses, target.port, record, signal);
    const connectedAt = clock.monotonic();
    record.connectMs = connectedAt - startedAt;
    if (!target.isSecure) return socket;
    const tlsSocket = await secured(socket, target, tls?.secureContext ?? secureContext, signal);
    record.tlsMs = clock.monotonic() - connectedAt;
    return tlsSocket;
  }

  /** Whether it is the egress proxy that keeps this dialling waiting, and not the endpoint. */
  isHeldByProxy({ askedAt }: DialRecord): boolean {
    return askedAt !== null && this.#options.outlet.isToBlameSince(askedAt);
  }

  async #addresses(
    target: Target,
    record: DialRecord,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { clock, policy } = this.#options;
    if (isBlockedPort(target.port)) {
      throw new SendFailure('ssrf_blocked', `the port ${target.port} is one of another protocol`);
    }
    if (target.isLiteral) {
      if (policy.isAllowed(target.hostname)) return [target.hostname];
      throw new SendFailure('ssrf_blocked', 'the URL leads to an address that is not allowed');
    }
    const startedAt = clock.monotonic();
    const found = await abortable(this.#resolve(target.hostname), signal);
    record.dnsMs = clock.monotonic() - startedAt;
    if (found.length === 0) throw new SendFailure('dns_error', 'the host name has no address');
    const allowed = found.filter((address) => policy.isAllowed(address));
    if (allowed.length > 0) return allowed;
    // The addresses themselves are left out: a record of a tenant's delivery must not map an internal network.
    throw new SendFailure('ssrf_blocked', 'the host name has no address that is allowed');
  }

  async #resolve(hostname: string): Promise<readonly string[]> {
    try {
      return await this.#options.resolver.resolve(hostname);
    } catch (error) {
      throw new SendFailure('dns_error', sendFailureOf(error).message, { cause: error });
    }
  }

  #open(
    addresses: readonly string[],
    port: number,
    record: DialRecord,
    signal: AbortSignal,
  ): Promise<Socket> {
    const { clock, outlet } = this.#options;
    return openFirst(addresses, clock, signal, async (address, patience) => {
      record.remoteAddress = address;
      record.askedAt = clock.monotonic();
      const socket = await outlet.open(address, port, patience);
      record.askedAt = null;
      return socket;
    });
  }
}
