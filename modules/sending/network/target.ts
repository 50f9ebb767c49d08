import { isIP } from 'node:net';

/** Where a URL leads, as the network sees it. */
export interface Target {
  /** `scheme://host:port`: what connections are pooled by. */
  readonly origin: string;
  readonly isSecure: boolean;
  /** Host name, or IP address without brackets. */
  readonly hostname: string;
  readonly isLiteral: boolean;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
}

/**
 * Reads a URL. The WHATWG parser turns every notation of an IPv4 address (`0x7f.1`, `2130706433`, full-width digits)
 * into the usual one, so that a literal is judged as what it is.
 *
 * @returns a sentence that says what is wrong when the URL cannot be a target
 */
export function parseTarget(text: string): Target | string {
  if (!URL.canParse(text)) return 'the URL is not valid';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `the URL has the scheme ${JSON.stringify(url.protocol.slice(0, 32))}, not https`;
  }
  if (url.username !== '' || url.password !== '') return 'the URL contains user information';
  const isSecure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return {
    origin: url.origin,
    isSecure,
    hostname,
    isLiteral: isIP(hostname) !== 0,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
  };
}
