/**
 * Headers that belong to the connection (RFC 9110, section 7.6.1), the message, or tracing: no webhook sets them, whoever
 * asks for it.
 */
const NAMES: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const PREFIXES = ['posthorn-', 'proxy-', 'sec-'] as const;

/** Whether a header of this name, in lower case, would break what the connection or the message says of itself. */
export function isReservedHeader(name: string): boolean {
  return NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Whether a name, in any case, is a token of RFC 9110, section 5.6.2. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u.test(name);
}

/** Whether a value is visible Latin-1 text, spaces and tabs: nothing that could end the header or begin another. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/u.test(value);
}
