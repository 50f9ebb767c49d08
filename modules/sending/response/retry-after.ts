/** A longer wait than this is not honoured: it is cut to it. */
export const LONGEST_RETRY_AFTER_MS = 24 * 60 * 60 * 1_000;

const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/**
 * Reads `Retry-After` (RFC 9110, section 10.2.3) as a delay in milliseconds: seconds, or a date relative to the
 * response's own `Date` where it has one, so that a server's wrong clock does not matter.
 *
 * @param receivedAt when the response was received, in epoch milliseconds
 * @returns 0 to `LONGEST_RETRY_AFTER_MS`; a date in the past is 0; `null` for what is neither seconds nor a date
 */
export function parseRetryAfter(
  retryAfter: string,
  date: string | undefined,
  receivedAt: number,
): number | null {
  const text = retryAfter.trim();
  const delayMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : delayUntil(parseHttpDate(text), parseHttpDate(date ?? '') ?? receivedAt);
  if (delayMs === null) return null;
  return Math.min(Math.max(delayMs, 0), LONGEST_RETRY_AFTER_MS);
}

function delayUntil(time: number | null, from: number): number | null {
  return time === null ? null : time - from;
}

function parseHttpDate(text: string): number | null {
  // `Date.parse` alone would take almost anything for a date: `-5` is the year 2001.
  if (!HTTP_DATE.test(text)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}
