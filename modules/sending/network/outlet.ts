import { connect as openTcp, type Socket } from 'node:net';
import type { CancelTimer, Clock } from '../../kernel/index.js';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import { settled } from './settled.js';

/** Opens a TCP connection to an IP address. */
export type SocketOpener = (address: string, port: number) => Socket;

/** Opens TCP connections with Node's own sockets. An address needs no lookup, so none happens here. */
export const openTcpSocket: SocketOpener = (address, port) => openTcp({ host: address, port });

/** A way out of this process to addresses that were judged: directly, or through a proxy. */
export interface Outlet {
  /**
   * Resolves with a byte stream to exactly this address.
   *
   * @param signal ends it; its reason is thrown
   * @throws SendFailure, or an error of the socket
   */
  open(address: string, port: number, signal: AbortSignal): Promise<Socket>;
  /**
   * Whether it is the way out itself, as far as anybody can tell, that keeps waiting who asked for an address at this
   * time on the monotonic clock, and not the address.
   */
  isToBlameSince(askedAt: number): boolean;
}

/** Straight to the address. */
export class DirectOutlet implements Outlet {
  readonly #openSocket: SocketOpener;

  constructor(openSocket: SocketOpener) {
    this.#openSocket = openSocket;
  }

  async open(address: string, port: number, signal: AbortSignal): Promise<Socket> {
    const socket = this.#openSocket(address, port);
    await settled(socket, 'connect', signal);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    return socket;
  }

  isToBlameSince(): boolean {
    return false;
  }
}

/** A name with more addresses than this is not tried to its end. */
export const MOST_ADDRESSES = 4;

/** How long an address may take to answer while there are others to try. */
const PATIENCE_MS = 2_000;

/**
 * Tries the addresses of one host in turn, each but the last for a limited time.
 *
 * @throws SendFailure of the last one that was tried
 */
export async function openFirst(
  addresses: readonly string[],
  clock: Clock,
  signal: AbortSignal,
  open: (address: string, signal: AbortSignal) => Promise<Socket>,
): Promise<Socket> {
  let failure = new SendFailure('dns_error', 'the host name has no address');
  for (const [index, address] of addresses.slice(0, MOST_ADDRESSES).entries()) {
    signal.throwIfAborted();
    const isLast = index === Math.min(addresses.length, MOST_ADDRESSES) - 1;
    const patience = isLast ? null : new Patience(clock, signal);
    try {
      return await open(address, patience?.signal ?? signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = sendFailureOf(error);
      // Another address would be asked of the same proxy.
      if (failure.errorClass === 'proxy_error') break;
    } finally {
      patience?.end();
    }
  }
  throw failure;
}

/** A signal that aborts with another one, or when its own time is over. */
class Patience {
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #cancelTimer: CancelTimer;

  constructor(clock: Clock, outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener('abort', this.#onOuterAbort, { once: true });
    this.#cancelTimer = clock.setTimer(() => {
      this.#abort.abort(new SendFailure('timeout', 'the address did not answer'));
    }, PATIENCE_MS);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(): void {
    this.#cancelTimer();
    this.#outer.removeEventListener('abort', this.#onOuterAbort);
  }

  readonly #onOuterAbort = (): void => {
    this.#abort.abort(this.#outer.reason);
  };
}
