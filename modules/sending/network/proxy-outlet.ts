import { isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Logger } from '@nestjs/common';
import { type buildConnector, Client } from 'undici';
import type { Clock } from '../../kernel/index.js';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import type { EgressProxy } from './egress-proxy.js';
import { openFirst, type Outlet } from './outlet.js';
import { proxyRefusal } from './proxy-refusal.js';
import type { Resolver } from './resolver.js';
import { abortable } from './settled.js';
import { secured } from './tls.js';

export interface ProxyOutletOptions {
  readonly clock: Clock;
  readonly resolver: Resolver;
  /** What is trusted where the proxy itself is reached by TLS. */
  readonly secureContext: SecureContext;
  /** How the proxy is reached: it is the operator's, so no network policy is asked. */
  readonly direct: Outlet;
}

interface ProxyAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: Socket;
}

/** Larger heads of the proxy's answer are an error. */
const MAX_HEADER_BYTES = 16_384;

/**
 * Through an HTTP proxy, by a CONNECT to the address that was judged: the proxy looks nothing up, so it cannot be led to
 * another address than the one that the network policy saw. TLS with the endpoint goes through the tunnel, end to end.
 *
 * Whatever fails before the tunnel stands is a `proxy_error`, unless the proxy itself says that it was the endpoint.
 */
export class ProxyOutlet implements Outlet {
  readonly #logger = new Logger('EgressProxy');
  readonly #proxy: EgressProxy;
  readonly #options: ProxyOutletOptions;
  #isFailing = false;
  /** Monotonic milliseconds at which it opened a tunnel last, or said what was wrong with an endpoint. */
  #workedAt = Number.NEGATIVE_INFINITY;

  constructor(proxy: EgressProxy, options: ProxyOutletOptions) {
    this.#proxy = proxy;
    this.#options = options;
  }

  /** A proxy that has worked for others meanwhile waits for the address like us. */
  isToBlameSince(askedAt: number): boolean {
    return this.#workedAt <= askedAt;
  }

  async open(address: string, port: number, signal: AbortSignal): Promise<Socket> {
    const { socket, statusCode, headers } = await this.#ask(address, port, signal);
    if (statusCode >= 200 && statusCode <= 299) {
      this.#worked();
      return socket;
    }
    socket.destroy();
    const refusal = proxyRefusal(statusCode, headers);
    if (refusal.errorClass === 'proxy_error') throw this.#failed(refusal);
    this.#worked();
    throw refusal;
  }

  /** The proxy's answer, and the connection to it. */
  async #ask(address: string, port: number, signal: AbortSignal): Promise<ProxyAnswer> {
    let socket: Socket | undefined;
    try {
      socket = await this.#reach(signal);
      const answer = await this.#requestTunnel(socket, address, port, signal);
      return { ...answer, socket };
    } catch (error) {
      socket?.destroy();
      if (signal.aborted) {
        const reason = sendFailureOf(signal.reason);
        // The deadline came while the proxy kept everybody waiting.
        throw reason.errorClass === 'proxy_error' ? this.#failed(reason) : reason;
      }
      const { message } = sendFailureOf(error);
      throw this.#failed(
        new SendFailure('proxy_error', `the egress proxy failed: ${message}`, { cause: error }),
      );
    }
  }

  /** A connection to the proxy itself. */
  async #reach(signal: AbortSignal): Promise<Socket> {
    const { clock, direct, resolver, secureContext } = this.#options;
    const { hostname, isLiteral, isSecure, port } = this.#proxy;
    const addresses = isLiteral ? [hostname] : await abortable(resolver.resolve(hostname), signal);
    const socket = await openFirst(addresses, clock, signal, (address, patience) =>
      direct.open(address, port, patience),
    );
    return isSecure ? secured(socket, this.#proxy, secureContext, signal) : socket;
  }

  async #requestTunnel(
    socket: Socket,
    address: string,
    port: number,
    signal: AbortSignal,
  ): Promise<Omit<ProxyAnswer, 'socket'>> {
    const authority = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
    const { authorization } = this.#proxy;
    const client = new Client(`http://${authority}`, {
      connect: onlyOnce(socket),
      headersTimeout: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    try {
      return await client.connect({
        path: authority,
        headers: authorization === null ? {} : { 'proxy-authorization': authorization },
        signal,
      });
    } finally {
      // With its answer it has let go of the socket.
      void client.destroy();
    }
  }

  #worked(): void {
    this.#workedAt = this.#options.clock.monotonic();
    if (this.#isFailing) this.#logger.log('the egress proxy works again');
    this.#isFailing = false;
  }

  /** Told once, not for every attempt: while the proxy fails, all of them do. */
  #failed(failure: SendFailure): SendFailure {
    if (!this.#isFailing) this.#logger.error(`${failure.message}; attempts wait for it`);
    this.#isFailing = true;
    return failure;
  }
}

/** undici would connect again and again while the proxy closes before it answers. */
function onlyOnce(socket: Socket): buildConnector.connector {
  let isTaken = false;
  return (_options, callback) => {
    queueMicrotask(() => {
      if (isTaken) callback(new SendFailure('proxy_error', 'it closed the connection'), null);
      else callback(null, socket);
      isTaken = true;
    });
  };
}
