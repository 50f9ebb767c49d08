import { isIP } from 'node:net';

/** An HTTP proxy through which every connection to an endpoint leaves. */
export interface EgressProxy {
  readonly isSecure: boolean;
  /** Host name, or IP address without brackets. */
  readonly hostname: string;
  readonly isLiteral: boolean;
  readonly port: number;
  /** Value of `proxy-authorization`; `null` when the proxy asks for none. */
  readonly authorization: string | null;
}

/**
 * Reads the URL of a proxy: `http://proxy.internal:3128`, with user name and password where it asks for them.
 *
 * @returns a sentence that says what is wrong when it is none; it repeats nothing of the URL, which may hold a password
 */
export function parseEgressProxy(text: string): EgressProxy | string {
  if (!URL.canParse(text)) return 'it is not a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it is not an http(s) URL';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return 'it has a path, a query or a fragment';
  }
  const isSecure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  return {
    isSecure,
    hostname,
    isLiteral: isIP(hostname) !== 0,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    authorization: authorizationOf(url),
  };
}

/** RFC 7617. */
function authorizationOf({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** As it was meant, also where somebody wrote a percent sign without encoding it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
