import type { Dispatcher } from 'undici';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { Abortable, AbortWatch } from './abort-watch.js';
import type { Connection } from './network/connection.js';
import type { ConnectionPool, ConnectionWaiter } from './network/connection-pool.js';
import { newDialRecord, type Route, routeTo } from './network/dialer.js';
import type { Target } from './network/target.js';
import type { TlsIdentity } from './network/tls.js';
import { ResponseBody } from './response/response-body.js';
import { countHeaders, MOST_HEADERS, type ResponseHeaders } from './response/response-headers.js';
import { SendFailure, sendFailureOf } from './send-failure.js';

/** One HTTP request, as it goes over the network. */
export interface Outgoing {
  readonly target: Target;
  /** `null`: what all requests share. */
  readonly tls: TlsIdentity | null;
  readonly method: Dispatcher.HttpMethod;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer | null;
  /** One deadline over DNS, connect, TLS, headers and body, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** How much of the response's body is held, in bytes before decompression. */
  readonly heldBytes: number;
}

/** How a request went, apart from what was answered. */
export interface Journey {
  /** Epoch milliseconds. */
  readonly endedAt: number;
  /** The address that was dialled last; `null` when none was. */
  readonly remoteAddress: string | null;
  /** Milliseconds; `null` for a stage that was not reached, or not needed. */
  readonly timings: {
    readonly dnsMs: number | null;
    readonly connectMs: number | null;
    readonly tlsMs: number | null;
    readonly firstByteMs: number | null;
    readonly bodyMs: number | null;
    readonly totalMs: number;
  };
}

/** The head of a response, and what has come of its body. */
export interface ReceivedResponse {
  readonly statusCode: number;
  readonly headers: ResponseHeaders;
  readonly body: ResponseBody;
}

/** What a request came to: a failure without a complete answer, or an answer. */
export type Ending =
  | { readonly failure: SendFailure; readonly response: ReceivedResponse | null }
  | { readonly failure: null; readonly response: ReceivedResponse };

/** What everything is sent with. */
export interface TransmissionTools {
  readonly clock: Clock;
  readonly pool: ConnectionPool;
  readonly aborts: AbortWatch;
}

/** A server has no use for more interim responses (1xx) than this. */
export const MOST_INTERIM_RESPONSES = 16;

/**
 * One request and its response, from the wait for a connection to the result:
 *
 * waiting -> dialling (new connection only) -> sent -> receiving -> ended
 *
 * It ends exactly once: by a complete response, by as much of an endless one as is recorded, by a failure, by the
 * deadline or by the caller's signal. Whatever undici still reports afterwards changes nothing, and the connection of
 * everything but a complete response is closed. One object per request, so that the path has no closures.
 */
export class Transmission implements Abortable, ConnectionWaiter, Dispatcher.DispatchHandler {
  readonly route: Route;
  readonly #outgoing: Outgoing;
  readonly #clock: Clock;
  readonly #pool: ConnectionPool;
  readonly #aborts: AbortWatch;
  readonly #onEnd: (journey: Journey, ending: Ending) => void;
  readonly #startedAt: number;
  #cancelDeadline: CancelTimer | null = null;
  #connection: Connection | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #sentAt = 0;
  #interimResponses = 0;
  #response: ReceivedResponse | null = null;
  /** Monotonic milliseconds at which the head of the response was complete. */
  #answeredAt: number | null = null;
  #isEnded = false;

  constructor(
    outgoing: Outgoing,
    tools: TransmissionTools,
    onEnd: (journey: Journey, ending: Ending) => void,
  ) {
    this.route = routeTo(outgoing.target, outgoing.tls);
    this.#outgoing = outgoing;
    this.#clock = tools.clock;
    this.#pool = tools.pool;
    this.#aborts = tools.aborts;
    this.#onEnd = onEnd;
    this.#startedAt = tools.clock.monotonic();
  }

  start(): void {
    const { signal, timeoutMs } = this.#outgoing;
    if (signal?.aborted) {
      this.onAbort();
      return;
    }
    if (signal) this.#aborts.watch(signal, this);
    this.#cancelDeadline = this.#clock.setTimer(() => {
      this.#interrupt(this.#lateness());
    }, timeoutMs);
    this.#pool.acquire(this);
  }

  onAbort(): void {
    this.#interrupt(new SendFailure('aborted', 'the attempt was aborted'));
  }

  onPoolClosed(reason: SendFailure): void {
    this.#fail(reason);
  }

  onConnection(connection: Connection): void {
    const { method, headers, body } = this.#outgoing;
    this.#connection = connection;
    connection.dispatch({ method, path: this.route.target.path, headers, body }, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sentAt = this.#clock.monotonic();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: ResponseHeaders,
  ): void {
    if (statusCode < 200) {
      this.#interimResponses += 1;
      if (this.#interimResponses <= MOST_INTERIM_RESPONSES) return;
      controller.abort(new SendFailure('invalid_response', 'too many interim responses'));
      return;
    }
    if (countHeaders(headers) > MOST_HEADERS) {
      controller.abort(new SendFailure('response_too_large', `more than ${MOST_HEADERS} headers`));
      return;
    }
    this.#answeredAt = this.#clock.monotonic();
    const encoding = headers['content-encoding'] ?? '';
    this.#response = {
      statusCode,
      headers,
      body: new ResponseBody(String(encoding), this.#outgoing.heldBytes),
    };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isEnded || !this.#response) return;
    this.#response.body.add(chunk);
    if (this.#response.body.isEndless) this.#complete(this.#response, false);
  }

  onResponseEnd(): void {
    if (this.#response) this.#complete(this.#response, true);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#interrupt(sendFailureOf(error));
  }

  #lateness(): SendFailure {
    const { timeoutMs } = this.#outgoing;
    return this.#connection?.isHeldByProxy
      ? new SendFailure('proxy_error', `the egress proxy gave no answer in ${timeoutMs} ms`)
      : new SendFailure('timeout', `no complete answer in ${timeoutMs} ms`);
  }

  /** A failure after everything that is recorded has come takes nothing from the answer. */
  #interrupt(failure: SendFailure): void {
    const response = this.#response;
    if (response && isWhole(response)) this.#complete(response, false);
    else this.#fail(failure);
  }

  #fail(failure: SendFailure): void {
    this.#end({ failure, response: this.#response }, failure);
  }

  #complete(response: ReceivedResponse, isReusable: boolean): void {
    const unusable = isReusable ? null : new SendFailure('aborted', 'the rest is not wanted');
    this.#end({ failure: null, response }, unusable);
  }

  /**
   * Lets go of timer, signal and connection, and reports.
   *
   * @param unusable why the connection cannot serve another request; `null` when it can
   */
  #end(ending: Ending, unusable: SendFailure | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelDeadline?.();
    if (this.#outgoing.signal) this.#aborts.unwatch(this.#outgoing.signal, this);
    const journey = this.#journey();
    if (!this.#connection) this.#pool.cancel(this);
    else if (unusable === null) this.#pool.release(this.#connection);
    else {
      this.#controller?.abort(unusable);
      this.#pool.discard(this.#connection, unusable);
    }
    this.#onEnd(journey, ending);
  }

  /** Read before the connection is given back: it may carry the next request at once. */
  #journey(): Journey {
    const now = this.#clock.monotonic();
    const dialled = this.#connection?.dialled ?? NOT_DIALLED;
    const answeredAt = this.#answeredAt;
    return {
      endedAt: this.#clock.now(),
      remoteAddress: this.#connection?.remoteAddress ?? null,
      timings: {
        dnsMs: rounded(dialled.dnsMs),
        connectMs: rounded(dialled.connectMs),
        tlsMs: rounded(dialled.tlsMs),
        firstByteMs: between(this.#sentAt, answeredAt),
        bodyMs: between(answeredAt, now),
        totalMs: rounded(now - this.#startedAt) ?? 0,
      },
    };
  }
}

const NOT_DIALLED = newDialRecord();

/**
 * Whether nothing that is of use can still come. 204 and 304 end with their head (RFC 9110, section 6.4.1), also where a
 * server announces a body with them.
 */
function isWhole({ statusCode, body }: ReceivedResponse): boolean {
  return statusCode === 204 || statusCode === 304 || body.isComplete;
}

function between(start: number | null, end: number | null): number | null {
  return start === null || end === null ? null : rounded(end - start);
}

/** To a hundredth of a millisecond: the rest is noise that every attempt record would carry. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 100) / 100;
}
