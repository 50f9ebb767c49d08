import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import { type Dialer, type DialRecord, newDialRecord, type Route } from './dialer.js';

export interface ConnectionOptions {
  readonly dialer: Dialer;
  /** How long an idle connection is kept, in milliseconds, unless the server's `keep-alive` hint says otherwise. */
  readonly idleTimeoutMs: number;
  /** Called when the socket of this connection is gone. */
  readonly onDisconnect: (connection: Connection) => void;
}

/** Longest idle time that a server's `keep-alive` hint can ask for. */
const LONGEST_IDLE_MS = 60_000;

/** Larger response headers, or trailers, are an error: `response_too_large`. */
export const MAX_HEADER_BYTES = 16_384;

/**
 * More bytes than this are not taken from a server for one request, whatever they are: also of what never becomes header
 * or body, like the extensions of chunks, a reason phrase or empty lines before the response.
 */
export const MAX_RESPONSE_BYTES = 1_048_576;

/** One dial for the request, and one more if the idle connection turned out to be closed before it was used. */
const MOST_DIALS_PER_REQUEST = 2;

/**
 * One connection to one origin, for one request at a time: an undici `Client` whose socket is opened by our `Dialer`.
 *
 * Since no two requests share it, what it dialled belongs to the request that it carries. A connection that the server
 * closed while it was idle is dialled again before anything of a request was written, so that is no failed attempt; a
 * request of which something was written is never written again.
 *
 * Bytes that come while no request is under way close it: they would be taken for the answer to the next one.
 */
export class Connection {
  readonly route: Route;
  /** Monotonic milliseconds at which it was opened. */
  readonly openedAt: number;
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  #socket: Socket | null = null;
  #isCarrying = false;
  /** What the socket had received when the request under way was handed over. */
  #bytesBefore = 0;
  #remoteAddress: string | null = null;
  #dialled: DialRecord | null = null;
  #dialCount = 0;
  #dialling: AbortController | null = null;

  constructor(route: Route, openedAt: number, options: ConnectionOptions) {
    this.route = route;
    this.openedAt = openedAt;
    this.#options = options;
    this.#client = new Client(route.target.origin, {
      connect: this.#connect,
      allowH2: false,
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

  /** Whether it is the egress proxy that keeps the request waiting, and not the endpoint. */
  get isHeldByProxy(): boolean {
    return this.#dialled !== null && this.#options.dialer.isHeldByProxy(this.#dialled);
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#remoteAddress = this.remoteAddress;
    this.#dialled = null;
    this.#dialCount = 0;
    this.#isCarrying = true;
    this.#bytesBefore = this.#socket?.bytesRead ?? 0;
    // Never from within the end of the response before: undici would then write without looking first whether the server
    // has sent or closed something since.
    queueMicrotask(() => {
      this.#client.dispatch(options, handler);
    });
  }

  /**
   * Called when the request that it carries has its complete response.
   *
   * @returns whether it can carry another: not behind the rest of a request that was answered before it was read
   */
  rest(): boolean {
    this.#isCarrying = false;
    return this.#socket?.writableLength === 0;
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
    const record = newDialRecord();
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
      socket = await this.#options.dialer.dial(this.route, record, signal);
    } catch (error) {
      callback(sendFailureOf(error), null);
      return;
    }
    this.#socket = socket;
    this.#bytesBefore = socket.bytesRead;
    socket.on('readable', () => {
      this.#limit(socket);
    });
    callback(null, socket);
  }

  #limit(socket: Socket): void {
    if (!this.#isCarrying) {
      if (socket.readableLength === 0) return;
      socket.destroy(new SendFailure('invalid_response', 'the endpoint spoke unasked'));
    } else if (socket.bytesRead - this.#bytesBefore > MAX_RESPONSE_BYTES) {
      const reason = `the response takes more than ${MAX_RESPONSE_BYTES} bytes`;
      socket.destroy(new SendFailure('response_too_large', reason));
    }
  }
}

function ignore(): void {
  // The request has been told of the failure already.
}
