import { types } from 'node:util';
import type { AttemptErrorClass, AttemptVerdict } from './sender.js';

/** Why no complete answer came back. Its message names neither a payload nor a secret. */
export class SendFailure extends Error {
  override readonly name = 'SendFailure';

  /** What to do about it. */
  readonly verdict: AttemptVerdict;

  /** @param options `verdict`: another one than its class has */
  constructor(
    readonly errorClass: AttemptErrorClass,
    message: string,
    options: { readonly cause?: unknown; readonly verdict?: AttemptVerdict } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.verdict = options.verdict ?? verdictOfFailure(errorClass);
  }
}

const CLASS_OF_CODE: Readonly<Record<string, AttemptErrorClass>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  ENETUNREACH: 'network_unreachable',
  EHOSTUNREACH: 'network_unreachable',
  ENETDOWN: 'network_unreachable',
  EHOSTDOWN: 'network_unreachable',
  EADDRNOTAVAIL: 'network_unreachable',
  EACCES: 'network_unreachable',
  EPERM: 'network_unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'response_too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'invalid_response',
  UND_ERR_INVALID_ARG: 'invalid_request',
  UND_ERR_NOT_SUPPORTED: 'invalid_request',
};

const LONGEST_MESSAGE = 300;

/** The error as a `SendFailure`: one already, or classed by the code that Node or undici gave it. */
export function sendFailureOf(error: unknown): SendFailure {
  if (error instanceof SendFailure) return error;
  // Errors of Node are made in another realm where the application runs in a `vm` context.
  if (!types.isNativeError(error)) return new SendFailure('unknown', 'unknown failure');
  if ('code' in error && error.code === 'ERR_ASSERTION') {
    // undici asserts what it takes for granted of a response, such as a status that is not 000.
    return new SendFailure('invalid_response', 'the response is none of HTTP/1.1', {
      cause: error,
    });
  }
  return new SendFailure(classOf(error), messageOf(error), { cause: error });
}

/** What is known about an error in a line of bounded length. */
function messageOf(error: Error): string {
  return (error.message === '' ? error.name : error.message).slice(0, LONGEST_MESSAGE);
}

function classOf(error: Error): AttemptErrorClass {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // undici answers with a socket error to what no HTTP/1.1 client can accept: a 100 that nobody asked for, a 101, an
  // answer before the request.
  if (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad ')) return 'invalid_response';
  // Its code is not always set.
  if (error.name === 'HTTPParserError') return 'invalid_response';
  return CLASS_OF_CODE[code] ?? 'unknown';
}

/** Failures that another attempt would meet again: the target or the request itself is refused. */
const REJECTED: ReadonlySet<AttemptErrorClass> = new Set([
  'ssrf_blocked',
  'insecure_url',
  'invalid_request',
]);

/**
 * What to do about a failure without a complete answer.
 *
 * A refused target is rejected even where a name led to it: names change rarely, and a retry for days of a target that
 * the policy forbids would be a tool to probe a network with. It can be replayed once the name or the policy changed.
 * A failure of the egress proxy is not the endpoint's, and costs it nothing, nor does a token that is not there yet.
 */
export function verdictOfFailure(errorClass: AttemptErrorClass): AttemptVerdict {
  if (errorClass === 'proxy_error' || errorClass === 'no_token') return 'postpone';
  return REJECTED.has(errorClass) ? 'reject' : 'retry';
}

/**
 * What to do about a complete answer: 2xx succeeds; 410 is gone; 408, 425, 429 and 5xx are worth another attempt; all
 * else, 3xx included, would be answered the same again. Source: Standard Webhooks 1.0.0, "Deliverability".
 */
export function verdictOfStatus(statusCode: number): AttemptVerdict {
  if (statusCode >= 200 && statusCode <= 299) return 'success';
  if (statusCode === 410) return 'gone';
  if (statusCode >= 500 || statusCode === 408 || statusCode === 425 || statusCode === 429) {
    return 'retry';
  }
  return 'reject';
}
