import type { Egress } from './egress.js';
import { parseTarget } from './network/target.js';
import type { TlsIdentity } from './network/tls.js';
import { decompressStart } from './response/decompression.js';
import type { ResponseHeaders } from './response/response-headers.js';
import { SendFailure } from './send-failure.js';
import type { Ending, Outgoing, ReceivedResponse } from './transmission.js';

/** What `EgressFetch` understands of `RequestInit`, and its limits. */
export interface EgressFetchInit {
  /** @default 'GET' */
  readonly method?: string | undefined;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: string | URLSearchParams | Uint8Array | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** A client certificate, or authorities of its own. @default what all requests share */
  readonly tls?: TlsIdentity | null | undefined;
  /** Redirects are answers, whatever is asked: following one would leave the choice of the target to the server. */
  readonly redirect?: 'manual' | undefined;
  /** One deadline over DNS, connect, TLS, headers and body, in milliseconds. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** Largest body of the response, in bytes, after decompression. @default 262144 */
  readonly maxResponseBytes?: number | undefined;
}

/**
 * `fetch` for URLs that somebody else chose, and that are no endpoints of deliveries: token endpoints, discovery
 * documents. It obeys the same network policy, egress proxy, TLS rules and connection bounds as the sender.
 *
 * @returns the complete response, redirects and errors included
 * @throws SendFailure with its `errorClass` when there is no complete response: `ssrf_blocked`, `insecure_url`,
 * `dns_error`, `timeout`, `tls_error`, `response_too_large`, `proxy_error`, `aborted`, ...
 */
export type EgressFetch = (url: string | URL, init?: EgressFetchInit) => Promise<Response>;

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_RESPONSE_BYTES = 262_144;

/** Headers that belong to the connection. */
const CONNECTION_HEADERS = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-authorization'],
  ...['proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Statuses whose responses have no body. Source: the Fetch standard, "null body status". */
const NULL_BODY_STATUSES = new Set([204, 205, 304]);

export function egressFetch(
  egress: Egress,
  rules: { readonly isHttpAllowed: boolean; readonly userAgent: string },
): EgressFetch {
  return async (url, init = {}) => {
    const target = parseTarget(String(url));
    if (typeof target === 'string') throw new SendFailure('invalid_request', target);
    if (!target.isSecure && !rules.isHttpAllowed) {
      throw new SendFailure('insecure_url', 'the URL is not https, and http is not allowed');
    }
    const maxBytes = init.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
    const ending = await transmitted(egress, {
      target,
      tls: init.tls ?? null,
      ...requestOf(init, rules.userAgent),
      // One more than allowed, so that what is too large shows.
      heldBytes: maxBytes + 1,
    });
    if (ending.failure) throw ending.failure;
    return responseOf(ending.response, maxBytes);
  };
}

type RequestPart = Pick<Outgoing, 'method' | 'headers' | 'body' | 'timeoutMs' | 'signal'>;

function requestOf(init: EgressFetchInit, userAgent: string): RequestPart {
  const { body = null, method = 'GET', timeoutMs = DEFAULT_TIMEOUT_MS } = init;
  const headers = new Headers(init.headers);
  if (!headers.has('user-agent')) headers.set('user-agent', userAgent);
  if (body instanceof URLSearchParams && !headers.has('content-type')) {
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
  }
  return {
    method: method.toUpperCase(),
    headers: [...headers].filter(([name]) => !CONNECTION_HEADERS.has(name)).flat(),
    body: body === null ? null : Buffer.from(ArrayBuffer.isView(body) ? body : String(body)),
    timeoutMs,
    signal: init.signal ?? undefined,
  };
}

function transmitted(egress: Egress, outgoing: Outgoing): Promise<Ending> {
  return new Promise((resolve) => {
    egress.transmit(outgoing, (_journey, ending) => {
      resolve(ending);
    });
  });
}

async function responseOf(
  { statusCode, headers, body }: ReceivedResponse,
  maxBytes: number,
): Promise<Response> {
  if (statusCode > 599) {
    throw new SendFailure('invalid_response', `${statusCode} is no status of a response`);
  }
  if (body.isComplete) throw tooLarge(maxBytes);
  const bytes = body.isCompressed
    ? await decompressed(body.bytes, body.encoding, maxBytes)
    : body.bytes;
  return new Response(NULL_BODY_STATUSES.has(statusCode) ? null : Uint8Array.from(bytes), {
    status: statusCode,
    headers: headersOf(headers),
  });
}

async function decompressed(bytes: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  const start = await decompressStart(bytes, encoding, maxBytes + 1);
  if (start && start.bytes.length > maxBytes) throw tooLarge(maxBytes);
  if (!start || start.isCut) {
    throw new SendFailure('invalid_response', 'the body cannot be decompressed');
  }
  return start.bytes;
}

function tooLarge(maxBytes: number): SendFailure {
  return new SendFailure('response_too_large', `the body has more than ${maxBytes} bytes`);
}

/** Without those that no longer hold once the body is whole and decompressed. */
function headersOf(received: ResponseHeaders): [string, string][] {
  return Object.entries(received)
    .filter(([name]) => name !== 'content-encoding' && name !== 'content-length')
    .flatMap(([name, value]) => [value ?? ''].flat().map((one): [string, string] => [name, one]));
}
