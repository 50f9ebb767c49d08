import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import type { Dialer, DialRecord } from './dialer.js';
import type { Target } from './target.js';

export interface ConnectionOptions {
  readonly dialer: Dialer;
  /** How long an idle connection is kept, in milliseconds, unless the server's `keep-alive` hint says otherwise. */
  readonly idleTimeoutMs: number;
  /** Called when the socket of this connection is gone. */
  readonly onDisconnect: (connection: Connection) => void;
}

/** Longest idle time that a server's `keep-alive` hint can ask for. */
const LONGEST_IDLE_MS = 60_000;

/** Larger response headers are an error: `response_too_large`. */
const MAX_HEADER_BYTES = 16_384;

/** One dial for the request, and one more if the idle connection turned out to be closed before it was used. */
const MOST_DIALS_PER_REQUEST = 2;

/**
 * One connection to one origin, for one request at a time: an undici `Client` whose socket is opened by our `Dialer`.
 *
 * Since no two requests share it, what it dialled belongs to the request that it carries. A connection that the server
 * closed while it was idle is dialled again before anything of a request was written, so that is no failed attempt; a
 * request of which something was written is never written again.
 */
export class Connection {
  readonly target: Target;
  /** Monotonic milliseconds at which it was opened. */
  readonly openedAt: number;
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  #remoteAddress: string | null = null;
  #dialled: DialRecord | null = null;
  #dialCount = 0;
  #dialling: AbortController | null = null;

  constructor(target: Target, openedAt: number, options: ConnectionOptions) {
    this.target = target;
    this.openedAt = openedAt;
    this.#options = options;
    this.#client = new Client(target.origin, {
      connect: this.#connect,
      pipelining: 1,
      // The deadline of the attempt covers both, and is ours.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: Math.max(options.idleTimeoutMs, LONGEST_IDLE_MS),
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.#client.on('disconnect', () => {
      options.onDisconnect(this);
    });
    // undici emits what a handler threw: without a listener it would end the process.
    (this.#client as NodeJS.EventEmitter).on('error', ignore);
  }

  /** How this connection was opened for the request that it carries; `null` when it was open already. */
  get dialled(): DialRecord | null {
    return this.#dialled;
  }

  /** The address that it reaches, or tried to reach. */
  get remoteAddress(): string | null {
    return this.#dialled?.remoteAddress ?? this.#remoteAddress;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#remoteAddress = this.remoteAddress;
    this.#dialled = null;
    this.#dialCount = 0;
    this.#client.dispatch(options, handler);
  }

  /** Closes at once, also while it is being dialled; a request that it carries fails with `reason`. */
  async destroy(reason: SendFailure): Promise<void> {
    this.#dialling?.abort(reason);
    await this.#client.destroy(reason);
  }

  readonly #connect: buildConnector.connector = (_options, callback) => {
    this.#dialCount += 1;
    if (this.#dialCount > MOST_DIALS_PER_REQUEST) {
      // A server that answers before it is asked makes undici connect again and again.
      queueMicrotask(() => {
        callback(new SendFailure('connection_reset', 'the connection was closed'), null);
      });
      return;
    }
    const record: DialRecord = { dnsMs: null, connectMs: null, tlsMs: null, remoteAddress: null };
    this.#dialled = record;
    this.#dialling = new AbortController();
    this.#dial(record, this.#dialling.signal, callback).catch((error: unknown) => {
      void this.destroy(sendFailureOf(error));
    });
  };

  async #dial(
    record: DialRecord,
    signal: AbortSignal,
    callback: buildConnector.Callback,
  ): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.#options.dialer.dial(this.target, record, signal);
    } catch (error) {
      callback(sendFailureOf(error), null);
      return;
    }
    callback(null, socket);
  }
}

function ignore(): void {
  // The request has been told of the failure already.
}
