import type { AttemptResult } from '../../sending/index.js';

/** What the answer to one request says about its endpoint. */
export type LaneSignal =
  /** It answers: success, a redirect, a refusal of this message. */
  | 'answers'
  /** It answers, and asks for less: 429. */
  | 'overloaded'
  /** It, or what stands before it, says that it cannot serve: 502, 503, 504. */
  | 'unavailable'
  /** It gives no answer: a timeout, no connection. */
  | 'unreachable'
  /** It is there and fails: any other 5xx, or a sender hook that throws. */
  | 'broken'
  /** Nothing was asked of it, for a reason that is not its own, such as an egress proxy that fails. */
  | 'unasked';

/** What a lane learns from a request. */
export interface LaneReport {
  readonly signal: LaneSignal;
  /** How long the endpoint asked to be left alone, with 429 or 503; `null` when it did not. In milliseconds. */
  readonly retryAfterMs: number | null;
}

type Met = Pick<AttemptResult, 'verdict' | 'statusCode' | 'errorClass' | 'retryAfterMs'>;

const NO_ANSWER: ReadonlySet<AttemptResult['errorClass']> = new Set([
  'dns_error',
  'connection_refused',
  'connection_reset',
  'network_unreachable',
  'tls_error',
  'timeout',
]);

/** Refused or given up here: the endpoint was not asked. */
const NOT_DIALLED: ReadonlySet<AttemptResult['errorClass']> = new Set([
  'ssrf_blocked',
  'insecure_url',
  'invalid_request',
  'token_error',
  'aborted',
]);

const UNAVAILABLE: ReadonlySet<number | null> = new Set([502, 503, 504]);

/**
 * What a request says about its endpoint; `null` when it says nothing. Source: Standard Webhooks 1.0.0, "Deliverability":
 * 429, 502 and 504 ask to be throttled, and `Retry-After` (RFC 9110, section 10.2.3) comes with 429 and 503.
 */
export function laneReport(result: Met): LaneReport | null {
  const signal = signalOf(result);
  if (signal === null) return null;
  const isAsked = result.statusCode === 429 || result.statusCode === 503;
  return { signal, retryAfterMs: isAsked ? result.retryAfterMs : null };
}

function signalOf({ verdict, errorClass, statusCode }: Met): LaneSignal | null {
  // That of one tenant or event: the next may have one.
  if (errorClass === 'no_token') return null;
  if (verdict === 'postpone') return 'unasked';
  if (NOT_DIALLED.has(errorClass)) return null;
  if (NO_ANSWER.has(errorClass)) return 'unreachable';
  if (UNAVAILABLE.has(statusCode)) return 'unavailable';
  if (statusCode === 429) return 'overloaded';
  // As with a 500, nobody knows whether it fails on this message or on all.
  if (errorClass === 'sender_error') return 'broken';
  return statusCode !== null && statusCode >= 500 ? 'broken' : 'answers';
}
