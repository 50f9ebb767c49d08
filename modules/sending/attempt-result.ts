import type { Exchange } from './exchange.js';
import type { RecordedBody } from './response/response-body.js';
import { recordHeaders, type ResponseHeaders } from './response/response-headers.js';
import { redact } from './response/redaction.js';
import { parseDeliveryControl } from './response/delivery-control.js';
import { parseRetryAfter } from './response/retry-after.js';
import { type SendFailure, verdictOfStatus } from './send-failure.js';
import type { AttemptResult } from './sender.js';
import type { Journey } from './transmission.js';

/** The head of a response. */
export interface ResponseHead {
  readonly statusCode: number;
  readonly headers: ResponseHeaders;
}

/** What an attempt came to: a failure without a complete answer, or an answer. */
export type AttemptEnding =
  | { readonly failure: SendFailure; readonly response: ResponseHead | null }
  | { readonly failure: null; readonly response: ResponseHead };

/**
 * What became of a request. A failure decides whatever status had come before it: a 200 whose body broke off is no
 * success.
 *
 * @param body what is recorded of the response's body; `null` when nothing came
 */
export function attemptResult(
  exchange: Pick<Exchange, 'request' | 'startedAt' | 'secrets'>,
  journey: Journey,
  ending: AttemptEnding,
  body: RecordedBody | null,
): AttemptResult {
  const { failure, response } = ending;
  const judgement =
    failure === null ? judgeStatus(ending.response.statusCode) : judge(failure, exchange.secrets);
  return {
    verdict: judgement.verdict,
    url: exchange.request.url,
    startedAt: exchange.startedAt,
    timings: journey.timings,
    statusCode: response?.statusCode ?? null,
    errorClass: judgement.errorClass,
    errorMessage: judgement.errorMessage,
    remoteAddress: journey.remoteAddress,
    responseHeaders: response && recordHeaders(response.headers, exchange.secrets),
    responseBody: body?.text ?? null,
    isResponseTruncated: body !== null && (body.isTruncated || failure !== null),
    retryAfterMs: response && retryAfter(response, journey.endedAt),
    deliveryControl:
      failure === null ? parseDeliveryControl(ending.response.headers['webhook-delivery']) : null,
  };
}

/** The result of a request that was refused before anything was dialled. */
export function refusedResult(
  exchange: Pick<Exchange, 'request' | 'startedAt' | 'secrets'>,
  failure: SendFailure,
): AttemptResult {
  const timings = {
    dnsMs: null,
    connectMs: null,
    tlsMs: null,
    firstByteMs: null,
    bodyMs: null,
    totalMs: 0,
  };
  const journey = { endedAt: exchange.startedAt, remoteAddress: null, timings };
  return attemptResult(exchange, journey, { failure, response: null }, null);
}

type Judgement = Pick<AttemptResult, 'verdict' | 'errorClass' | 'errorMessage'>;

const SUCCESS: Judgement = { verdict: 'success', errorClass: null, errorMessage: null };

function judge(failure: SendFailure, secrets: readonly string[]): Judgement {
  return {
    verdict: failure.verdict,
    errorClass: failure.errorClass,
    // It may quote what an endpoint sent that speaks no HTTP.
    errorMessage: redact(failure.message, secrets),
  };
}

function judgeStatus(statusCode: number): Judgement {
  const verdict = verdictOfStatus(statusCode);
  if (verdict === 'success') return SUCCESS;
  const isRedirect = statusCode >= 300 && statusCode <= 399;
  return {
    verdict,
    errorClass: isRedirect ? 'redirect_refused' : 'http_status',
    errorMessage: `the endpoint answered ${statusCode}${isRedirect ? '; redirects are not followed' : ''}`,
  };
}

function retryAfter({ statusCode, headers }: ResponseHead, receivedAt: number): number | null {
  const value = firstOf(headers['retry-after']);
  if (value === undefined || verdictOfStatus(statusCode) === 'success') return null;
  return parseRetryAfter(value, firstOf(headers['date']), receivedAt);
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
