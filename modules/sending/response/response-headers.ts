import { MASK, redact, SHORTEST_SECRET } from './redaction.js';

/** As undici gives them: by lower-case name; an array where a header is repeated. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A response with more headers than this, repeated ones counted, is an error: `response_too_large`. */
export const MOST_HEADERS = 512;

/** How much of them is recorded. */
export const MOST_RECORDED = 64;
const MOST_CHARACTERS = 8_192;

/** Headers whose value is a credential, whatever it says. */
const CREDENTIAL_HEADERS = new Set([
  'set-cookie',
  'set-cookie2',
  'cookie',
  'authorization',
  'proxy-authorization',
  'authentication-info',
  'proxy-authentication-info',
]);

/**
 * The response headers as they are recorded: the first 64, 8 KiB in all, repeated ones joined by a comma, credentials
 * masked. Values are latin-1, as HTTP defines them.
 */
export function recordHeaders(
  headers: ResponseHeaders,
  secrets: readonly string[],
): Record<string, string> {
  const recorded: Record<string, string> = {};
  let count = 0;
  let characters = 0;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name === '__proto__') continue;
    if (isSecret(name, secrets)) continue;
    const text = CREDENTIAL_HEADERS.has(name) ? MASK : redact(String(value), secrets);
    count += 1;
    characters += name.length + text.length;
    if (count > MOST_RECORDED || characters > MOST_CHARACTERS) break;
    recorded[name] = text;
  }
  return recorded;
}

/** Whether a name holds a secret: names are given in lower case. */
function isSecret(name: string, secrets: readonly string[]): boolean {
  return secrets.some(
    (secret) =>
      secret.length >= SHORTEST_SECRET &&
      secret.length <= name.length &&
      name.includes(secret.toLowerCase()),
  );
}

/** How many headers there are, repeated ones counted. */
export function countHeaders(headers: ResponseHeaders): number {
  let count = 0;
  for (const name in headers) {
    const value = headers[name];
    count += Array.isArray(value) ? value.length : 1;
  }
  return count;
}
