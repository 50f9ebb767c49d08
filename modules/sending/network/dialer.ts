import { once } from 'node:events';
import { connect as openTcp, type Socket } from 'node:net';
import { type SecureContext, connect as openTls } from 'node:tls';
import type { Clock } from '../../kernel/index.js';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import type { NetworkPolicy } from './network-policy.js';
import type { Resolver } from './resolver.js';
import type { Target } from './target.js';

/** How a connection came about: filled stage by stage, so that a failed one tells how far it got. */
export interface DialRecord {
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
  /** The address that was dialled last. */
  remoteAddress: string | null;
}

/** Opens a TCP connection to an IP address. */
export type SocketOpener = (address: string, port: number) => Socket;

export interface DialerOptions {
  readonly clock: Clock;
  readonly policy: NetworkPolicy;
  readonly resolver: Resolver;
  /** What TLS trusts; default: what Node trusts. */
  readonly secureContext: SecureContext | undefined;
  readonly openSocket: SocketOpener;
}

/** A name with more addresses than this is not tried to its end. */
const MOST_ADDRESSES = 4;

/** How long an address may take to answer while there are others to try. */
const PATIENCE_MS = 2_000;

/** Opens a TCP connection with Node's own sockets. An address needs no lookup, so none happens here. */
export const openTcpSocket: SocketOpener = (address, port) => openTcp({ host: address, port });

/**
 * Opens connections to targets that the network policy allows.
 *
 * A name is resolved once, every address is judged, and exactly the judged addresses are dialled: no second lookup can
 * answer differently (DNS rebinding). The name still decides SNI, the certificate check and the `host` header.
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
   * @throws SendFailure `dns_error`, `ssrf_blocked`, `tls_error`, or the class of the socket's error
   */
  async dial(target: Target, record: DialRecord, signal: AbortSignal): Promise<Socket> {
    const addresses = await this.#addresses(target, record, signal);
    const startedAt = this.#options.clock.monotonic();
    const socket = await this.#connect(addresses, target.port, record, signal);
    const connectedAt = this.#options.clock.monotonic();
    record.connectMs = connectedAt - startedAt;
    if (!target.isSecure) return socket;
    const secured = await this.#secure(socket, target, signal);
    record.tlsMs = this.#options.clock.monotonic() - connectedAt;
    return secured;
  }

  async #addresses(
    target: Target,
    record: DialRecord,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (target.isLiteral) {
      if (this.#options.policy.isAllowed(target.hostname)) return [target.hostname];
      throw new SendFailure('ssrf_blocked', 'the URL leads to an address that is not allowed');
    }
    const startedAt = this.#options.clock.monotonic();
    const found = await abortable(this.#resolve(target.hostname), signal);
    record.dnsMs = this.#options.clock.monotonic() - startedAt;
    if (found.length === 0) throw new SendFailure('dns_error', 'the host name has no address');
    const allowed = found.filter((address) => this.#options.policy.isAllowed(address));
    if (allowed.length > 0) return allowed.slice(0, MOST_ADDRESSES);
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

  async #connect(
    addresses: readonly string[],
    port: number,
    record: DialRecord,
    signal: AbortSignal,
  ): Promise<Socket> {
    let failure: unknown;
    for (const [index, address] of addresses.entries()) {
      signal.throwIfAborted();
      record.remoteAddress = address;
      const isLast = index === addresses.length - 1;
      try {
        return await this.#connectTo(address, port, isLast ? null : PATIENCE_MS, signal);
      } catch (error) {
        failure = error;
      }
    }
    throw sendFailureOf(failure);
  }

  async #connectTo(
    address: string,
    port: number,
    patienceMs: number | null,
    signal: AbortSignal,
  ): Promise<Socket> {
    const socket = this.#options.openSocket(address, port);
    // An error may come when nobody waits for one, such as a reset right after the connection.
    socket.on('error', ignore);
    const impatience =
      patienceMs === null
        ? ignore
        : this.#options.clock.setTimer(() => {
            socket.destroy(new SendFailure('timeout', 'the address did not answer'));
          }, patienceMs);
    try {
      await settled(socket, 'connect', signal);
    } finally {
      impatience();
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    return socket;
  }

  async #secure(socket: Socket, target: Target, signal: AbortSignal): Promise<Socket> {
    const secured = openTls({
      socket,
      host: target.hostname,
      // RFC 6066: SNI carries a name without its trailing dot, and never an address.
      servername: target.isLiteral ? '' : target.hostname.replace(/\.$/, ''),
      secureContext: this.#options.secureContext,
      ALPNProtocols: ['http/1.1'],
      // Set, so that NODE_TLS_REJECT_UNAUTHORIZED=0 cannot switch it off.
      rejectUnauthorized: true,
    });
    secured.on('error', ignore);
    try {
      await settled(secured, 'secureConnect', signal);
      return secured;
    } catch (error) {
      const failure = sendFailureOf(error);
      if (failure.errorClass !== 'unknown') throw failure;
      throw new SendFailure('tls_error', failure.message, { cause: error });
    }
  }
}

/** Waits for the event, and destroys the socket if an error or the signal comes first. */
async function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  try {
    await once(socket, event, { signal });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  }
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: () => void = ignore;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(sendFailureOf(signal.reason));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function ignore(): void {
  // Nothing to do: whoever waits is told in another way.
}
