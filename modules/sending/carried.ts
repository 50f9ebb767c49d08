import { type Clock, errorClassOf } from '../kernel/index.js';
import { attemptResult } from './attempt-result.js';
import { Patience } from './auth/patience.js';
import type { Dispatch, Exchange } from './exchange.js';
import { HELD_BYTES, ResponseBody } from './response/response-body.js';
import { countHeaders, MOST_HEADERS, type ResponseHeaders } from './response/response-headers.js';
import { SendFailure, sendFailureOf } from './send-failure.js';
import type { Carry } from './sender.js';
import type { Journey, ReceivedResponse } from './transmission.js';

/**
 * Gives finished requests to what carries them instead of HTTP, and judges what that answers as an endpoint's answer is
 * judged: nothing is dialled.
 *
 * The deadline of the attempt holds, and its abort: `signal` tells the carrier, and what comes later is dropped. What a
 * carrier throws is `sender_error` and recorded by the class of the error alone: its words may quote the request.
 */
export function carrying(clock: Clock): (carry: Carry) => Dispatch {
  const patience = new Patience(clock);
  return (carry) => async (exchange) => {
    const begunAt = clock.monotonic();
    const { timeoutMs } = exchange.request;
    const stop = new AbortController();
    const answer = await patience
      .wait(answered(carry, exchange, stop.signal), {
        timeoutMs,
        signal: exchange.signal,
        lateness: () =>
          new SendFailure('timeout', `the sender hook gave no answer in ${timeoutMs} ms`),
      })
      .catch((error: unknown) => sendFailureOf(error));
    const journey = journeyUntilNow(clock, begunAt);
    if (answer instanceof SendFailure) {
      stop.abort();
      return attemptResult(exchange, journey, { failure: answer, response: null }, null);
    }
    const recorded = answer.body.recordPlain(exchange.secrets);
    return attemptResult(exchange, journey, { failure: null, response: answer }, recorded);
  };
}

async function answered(
  carry: Carry,
  { headers, request }: Exchange,
  signal: AbortSignal,
): Promise<ReceivedResponse> {
  const { body, url } = request;
  try {
    return responseOf(await carry({ url, headers: headersOf(headers), body, signal }));
  } catch (error) {
    if (error instanceof Misanswered) throw error.failure;
    throw new SendFailure('sender_error', `the sender hook threw ${errorClassOf(error)}`);
  }
}

/** By name in lower case, repeated ones joined by a comma (RFC 9110, section 5.3). */
function headersOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) {
    const [name = '', value = ''] = [pairs[at], pairs[at + 1]];
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(headers);
}

/** An answer that is none: thrown past what the carrier itself throws, a `SendFailure` of its own included. */
class Misanswered extends Error {
  constructor(readonly failure: SendFailure) {
    super();
  }
}

function misanswered(reason: string): Misanswered {
  return new Misanswered(new SendFailure('sender_error', `the sender hook ${reason}`));
}

function responseOf(answer: unknown): ReceivedResponse {
  if (typeof answer !== 'object' || answer === null) throw misanswered('answered nothing');
  const { body, headers, status } = answer as Record<string, unknown>;
  if (!isFinalStatus(status)) throw misanswered('answered no status from 200 to 599');
  return { statusCode: status, headers: answeredHeaders(headers), body: answeredBody(body) };
}

function isFinalStatus(status: unknown): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599;
}

function answeredHeaders(headers: unknown): ResponseHeaders {
  if (headers === undefined || headers === null) return {};
  if (typeof headers !== 'object') throw misanswered('answered headers that are no object');
  const answered = new Map<string, string[]>();
  for (const [name, value] of Object.entries(headers) as [string, unknown][]) {
    if (value === undefined) continue;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!values.every((one) => typeof one === 'string')) {
      throw misanswered('answered a header that is no text');
    }
    const key = name.toLowerCase();
    answered.set(key, [...(answered.get(key) ?? []), ...values]);
  }
  const response: ResponseHeaders = Object.fromEntries(answered);
  if (countHeaders(response) <= MOST_HEADERS) return response;
  throw new Misanswered(new SendFailure('response_too_large', `more than ${MOST_HEADERS} headers`));
}

/** It is not compressed, whatever its headers say: who speaks HTTP for the hook has done that. */
function answeredBody(body: unknown): ResponseBody {
  const answered = new ResponseBody('');
  if (body === undefined || body === null) return answered;
  // A byte at least for each character: one more than is held shows that there was more.
  if (typeof body === 'string') answered.add(Buffer.from(body.slice(0, HELD_BYTES + 1)));
  else if (body instanceof Uint8Array)
    answered.add(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  else throw misanswered('answered a body that is neither text nor bytes');
  return answered;
}

function journeyUntilNow(clock: Clock, begunAt: number): Journey {
  return {
    endedAt: clock.now(),
    remoteAddress: null,
    timings: {
      dnsMs: null,
      connectMs: null,
      tlsMs: null,
      firstByteMs: null,
      bodyMs: null,
      totalMs: Math.round((clock.monotonic() - begunAt) * 100) / 100,
    },
  };
}
