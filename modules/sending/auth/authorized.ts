import type { Exchange } from '../exchange.js';

/** The exchange with a bearer token, and what is left of its deadline. */
export function authorized(exchange: Exchange, token: string, remainingMs: number): Exchange {
  const { headers, request, secrets } = exchange;
  secrets.push(token);
  return {
    ...exchange,
    headers: [...headers, 'authorization', `Bearer ${token}`],
    request: { ...request, timeoutMs: Math.max(1, remainingMs) },
  };
}

/** `b64token` of RFC 6750, section 2.1, and the printable characters that issuers use beyond it. */
const ACCESS_TOKEN = /^[\x21-\x7e]{1,16384}$/;

export function isAccessToken(text: unknown): text is string {
  return typeof text === 'string' && ACCESS_TOKEN.test(text);
}
