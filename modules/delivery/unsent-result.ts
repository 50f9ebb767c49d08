import type { AttemptResult } from '../sending/index.js';

/** Why nothing was sent. */
interface Unsent extends Pick<AttemptResult, 'url' | 'errorClass' | 'errorMessage'> {
  /** Epoch milliseconds. */
  readonly endedAt: number;
  /** How long it took until that was known, in milliseconds. */
  readonly totalMs: number;
}

/** The result of an attempt that is not the sender's business yet: what it is made of is not there. It is put off. */
export function unsentResult({ endedAt, totalMs, ...why }: Unsent): AttemptResult {
  return {
    verdict: 'postpone',
    ...why,
    startedAt: endedAt - totalMs,
    timings: {
      dnsMs: null,
      connectMs: null,
      tlsMs: null,
      firstByteMs: null,
      bodyMs: null,
      totalMs,
    },
    statusCode: null,
    remoteAddress: null,
    responseHeaders: null,
    responseBody: null,
    isResponseTruncated: false,
    retryAfterMs: null,
    deliveryControl: null,
  };
}
