import type { Dispatcher } from 'undici';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { Abortable, AbortWatch } from './abort-watch.js';
import { attemptResult, type Ending, type Journey, type ResponseHead } from './attempt-result.js';
import type { Exchange } from './exchange.js';
import type { Connection } from './network/connection.js';
import type { ConnectionPool, ConnectionWaiter } from './network/connection-pool.js';
import type { DialRecord } from './network/dialer.js';
import type { Target } from './network/target.js';
import { type RecordedBody, ResponseBody } from './response/response-body.js';
import { SendFailure, sendFailureOf } from './send-failure.js';
import type { AttemptResult } from './sender.js';

/** A server has no use for more interim responses (1xx) than this. */
const MOST_INTERIM_RESPONSES = 16;

/** The head of a response, and what has come of its body. */
interface Response extends ResponseHead {
  /** Monotonic milliseconds at which its head was complete. */
  readonly startedAt: number;
  readonly body: ResponseBody;
}

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
  readonly target: Target;
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #pool: ConnectionPool;
  readonly #aborts: AbortWatch;
  readonly #resolve: (result: AttemptResult) => void;
  readonly #startedAt: number;
  #cancelDeadline: CancelTimer | null = null;
  #connection: Connection | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #sentAt = 0;
  #interimResponses = 0;
  #response: Response | null = null;
  #isEnded = false;

  constructor(
    exchange: Exchange,
    clock: Clock,
    pool: ConnectionPool,
    aborts: AbortWatch,
    resolve: (result: AttemptResult) => void,
  ) {
    this.target = exchange.target;
    this.#exchange = exchange;
    this.#clock = clock;
    this.#pool = pool;
    this.#aborts = aborts;
    this.#resolve = resolve;
    this.#startedAt = clock.monotonic();
  }

  start(): void {
    const { signal, request } = this.#exchange;
    if (signal?.aborted) {
      this.onAbort();
      return;
    }
    if (signal) this.#aborts.watch(signal, this);
    this.#cancelDeadline = this.#clock.setTimer(() => {
      this.#interrupt(new SendFailure('timeout', `no complete answer in ${request.timeoutMs} ms`));
    }, request.timeoutMs);
    this.#pool.acquire(this);
  }

  onAbort(): void {
    this.#interrupt(new SendFailure('aborted', 'the attempt was aborted'));
  }

  onPoolClosed(reason: SendFailure): void {
    this.#fail(reason);
  }

  onConnection(connection: Connection): void {
    const { request, headers } = this.#exchange;
    this.#connection = connection;
    connection.dispatch(
      { method: 'POST', path: this.target.path, headers, body: request.body },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sentAt = this.#clock.monotonic();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: ResponseHead['headers'],
  ): void {
    if (statusCode < 200) {
      this.#interimResponses += 1;
      if (this.#interimResponses <= MOST_INTERIM_RESPONSES) return;
      controller.abort(new SendFailure('invalid_response', 'too many interim responses'));
      return;
    }
    this.#response = {
      statusCode,
      headers,
      startedAt: this.#clock.monotonic(),
      body: new ResponseBody(single(headers['content-encoding']) ?? ''),
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

  /** A failure after everything that is recorded has come takes nothing from the answer. */
  #interrupt(failure: SendFailure): void {
    if (this.#response?.body.isComplete) this.#complete(this.#response, false);
    else this.#fail(failure);
  }

  #fail(failure: SendFailure): void {
    this.#end({ failure, response: this.#response }, failure);
  }

  #complete(response: Response, isReusable: boolean): void {
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
    if (this.#exchange.signal) this.#aborts.unwatch(this.#exchange.signal, this);
    const journey = this.#journey();
    if (!this.#connection) this.#pool.cancel(this);
    else if (unusable === null) this.#pool.release(this.#connection);
    else {
      this.#controller?.abort(unusable);
      this.#pool.discard(this.#connection, unusable);
    }
    this.#report(journey, ending);
  }

  /** Read before the connection is given back: it may carry the next request at once. */
  #journey(): Journey {
    const now = this.#clock.monotonic();
    const dialled = this.#connection?.dialled ?? NOT_DIALLED;
    const answeredAt = this.#response?.startedAt ?? null;
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

  #report(journey: Journey, ending: Ending): void {
    const { secrets } = this.#exchange;
    const body = this.#response?.body;
    if (!body?.isCompressed) {
      this.#resolveWith(journey, ending, body?.recordPlain(secrets) ?? null);
      return;
    }
    void body.recordCompressed(secrets).then((recorded) => {
      this.#resolveWith(journey, ending, recorded);
    });
  }

  #resolveWith(journey: Journey, ending: Ending, body: RecordedBody | null): void {
    this.#resolve(attemptResult(this.#exchange, journey, ending, body));
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

const NOT_DIALLED: DialRecord = { dnsMs: null, connectMs: null, tlsMs: null, remoteAddress: null };

function between(start: number | null, end: number | null): number | null {
  return start === null || end === null ? null : rounded(end - start);
}

/** To a hundredth of a millisecond: the rest is noise that every attempt record would carry. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 100) / 100;
}
