import { SendFailure } from '../send-failure.js';
import type { AttemptErrorClass } from '../sender.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Failures of the destination among the error types of `Proxy-Status` (RFC 9209, section 2.3). The rest are the proxy's
 * own, or its policy.
 */
const CLASS_OF_PROXY_STATUS: Readonly<Record<string, AttemptErrorClass>> = {
  destination_unavailable: 'network_unreachable',
  destination_ip_unroutable: 'network_unreachable',
  connection_refused: 'connection_refused',
  connection_terminated: 'connection_reset',
  connection_timeout: 'timeout',
  connection_read_timeout: 'timeout',
  connection_write_timeout: 'timeout',
};

/** Squid says `x-squid-error: ERR_CONNECT_FAIL` and the `errno` of its system call. */
const CLASS_OF_SQUID_ERROR: Readonly<Record<string, AttemptErrorClass>> = {
  'ERR_CONNECT_FAIL 101': 'network_unreachable',
  'ERR_CONNECT_FAIL 104': 'connection_reset',
  'ERR_CONNECT_FAIL 110': 'timeout',
  'ERR_CONNECT_FAIL 111': 'connection_refused',
  'ERR_CONNECT_FAIL 113': 'network_unreachable',
};

/** Smokescreen says `x-smokescreen-error` in words, those of Go's network library at the end. */
const CLASS_OF_SMOKESCREEN_ERROR: readonly (readonly [RegExp, AttemptErrorClass])[] = [
  [/^Timed out connecting to remote host/, 'timeout'],
  [/^Failed to connect to remote host.*connection refused/, 'connection_refused'],
  [/^Failed to connect to remote host.*(no route to host|unreachable)/, 'network_unreachable'],
  [/^Failed to connect to remote host.*connection reset/, 'connection_reset'],
];

/**
 * On whose account it is that a proxy opened no tunnel. Only a proxy that says so itself makes it the endpoint's failure;
 * every other answer, whatever its status, is the proxy's: nothing shows that the endpoint was asked at all.
 */
export function proxyRefusal(statusCode: number, headers: Headers): SendFailure {
  const errorClass = destinationFailure(headers);
  return errorClass
    ? new SendFailure(errorClass, `the egress proxy did not reach the endpoint (${statusCode})`)
    : new SendFailure('proxy_error', `the egress proxy answered ${statusCode} to CONNECT`);
}

function destinationFailure(headers: Headers): AttemptErrorClass | undefined {
  const status = /;\s*error\s*=\s*"?([a-z_]+)/.exec(textOf(headers['proxy-status']))?.[1] ?? '';
  const smokescreen = textOf(headers['x-smokescreen-error']);
  return (
    CLASS_OF_PROXY_STATUS[status] ??
    CLASS_OF_SQUID_ERROR[textOf(headers['x-squid-error'])] ??
    CLASS_OF_SMOKESCREEN_ERROR.find(([pattern]) => pattern.test(smokescreen))?.[1]
  );
}

function textOf(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}
