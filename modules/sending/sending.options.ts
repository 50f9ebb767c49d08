import { createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, type FieldProblem, PosthornError, SystemClock } from '../kernel/index.js';
import type { SendStep } from './exchange.js';
import { type EgressProxy, parseEgressProxy } from './network/egress-proxy.js';
import { networkProblems } from './network/network-policy.js';
import { openTcpSocket, type SocketOpener } from './network/outlet.js';
import { type Resolver, SystemResolver } from './network/resolver.js';
import { secureContextOf } from './network/tls.js';

/** How requests leave this process. */
export interface SendingOptions {
  /** Whether `http://` URLs may be sent to: for development. @default false */
  readonly isHttpAllowed?: boolean;
  /**
   * Networks of private targets that may be dialled, in CIDR notation (`10.1.0.0/16`, `::1/128`). Cloud metadata
   * addresses stay refused. @default none
   */
  readonly allowedNetworks?: readonly string[];
  /**
   * Networks that may not be dialled although they are public or allowed, in CIDR notation: one's own public addresses,
   * one's own NAT64 prefix. @default none
   */
  readonly deniedNetworks?: readonly string[];
  /**
   * URL of an HTTP proxy through which every connection leaves, by CONNECT to the address that was judged:
   * `http://proxy.internal:3128`, with user name and password where it asks for them. Proxy variables of the environment
   * are not read. @default none
   */
  readonly egressProxy?: string | null;
  /**
   * Certificates (PEM) to trust beside Node's own root certificates. NODE_EXTRA_CA_CERTS counts only where none is given.
   * @default none
   */
  readonly certificateAuthorities?: readonly string[];
  /** Largest request body, in bytes; a larger one is never sent. @default 1048576 */
  readonly maxBodyBytes?: number;
  /** Most connections at one time. @default 1024 */
  readonly maxConnections?: number;
  /** Most connections to one origin at one time. @default 256 */
  readonly maxConnectionsPerOrigin?: number;
  /**
   * How long an idle connection is kept, in milliseconds; a server's `keep-alive: timeout=` hint goes before, up to 60 s.
   * Shorter than the 5 s after which Node's own servers close one. @default 4000
   */
  readonly idleTimeoutMs?: number;
  /** `user-agent` of webhooks that define none. @default 'Posthorn (+https://www.standardwebhooks.com)' */
  readonly userAgent?: string;
  /** More steps around each request, between authentication and signature. @default none */
  readonly steps?: readonly SendStep[];
  /** Finds the addresses of host names. @default the DNS servers of the machine, then its own resolver */
  readonly resolver?: Resolver;
  /** Opens TCP connections. @default Node's own */
  readonly openSocket?: SocketOpener;
  /** @default the clock of the machine */
  readonly clock?: Clock;
}

/** `SendingOptions` with every default filled in, checked and frozen. */
export interface CheckedSendingOptions extends Required<
  Omit<SendingOptions, 'certificateAuthorities' | 'egressProxy'>
> {
  /** What TLS trusts. */
  readonly secureContext: SecureContext;
  readonly egressProxy: EgressProxy | null;
}

const DEFAULTS = {
  isHttpAllowed: false,
  allowedNetworks: [],
  deniedNetworks: [],
  egressProxy: null,
  certificateAuthorities: [],
  maxBodyBytes: 1_048_576,
  maxConnections: 1_024,
  maxConnectionsPerOrigin: 256,
  idleTimeoutMs: 4_000,
  userAgent: 'Posthorn (+https://www.standardwebhooks.com)',
  steps: [],
  openSocket: openTcpSocket,
} as const satisfies SendingOptions;

const LONGEST_IDLE_TIMEOUT_MS = 600_000;
const LARGEST_BODY_BYTES = 67_108_864;

/**
 * Fills in the defaults.
 *
 * @throws PosthornError PSH_SENDING_INVALID_OPTIONS with every mistake in `problems`
 */
export function checkSendingOptions(options: SendingOptions): CheckedSendingOptions {
  const { certificateAuthorities, egressProxy, ...checked } = {
    ...DEFAULTS,
    resolver: options.resolver ?? new SystemResolver(),
    clock: options.clock ?? new SystemClock(),
    ...options,
  };
  const proxy = egressProxy === null ? null : parseEgressProxy(egressProxy);
  const problems = [
    ...networkProblems('allowedNetworks', checked.allowedNetworks),
    ...networkProblems('deniedNetworks', checked.deniedNetworks),
    ...(typeof proxy === 'string' ? [proxyProblem(proxy)] : []),
    ...integerProblems('maxBodyBytes', checked.maxBodyBytes, LARGEST_BODY_BYTES),
    ...integerProblems('maxConnections', checked.maxConnections, 1_000_000),
    ...integerProblems('maxConnectionsPerOrigin', checked.maxConnectionsPerOrigin, 1_000_000),
    ...integerProblems('idleTimeoutMs', checked.idleTimeoutMs, LONGEST_IDLE_TIMEOUT_MS),
    ...userAgentProblems(checked.userAgent),
    ...certificateProblems(certificateAuthorities),
  ];
  if (problems.length > 0 || typeof proxy === 'string') {
    throw new PosthornError('PSH_SENDING_INVALID_OPTIONS', undefined, { problems });
  }
  const secureContext = secureContextOf({ certificateAuthorities });
  return Object.freeze({ ...checked, secureContext, egressProxy: proxy });
}

function proxyProblem(message: string): FieldProblem {
  return {
    field: 'egressProxy',
    message,
    fix: 'Give scheme, host and port of the proxy, such as http://proxy.internal:3128.',
  };
}

function integerProblems(field: string, value: number, most: number): FieldProblem[] {
  if (Number.isInteger(value) && value >= 1 && value <= most) return [];
  return [
    {
      field,
      message: `${String(value)} is not valid`,
      fix: `Use a whole number from 1 to ${most}.`,
    },
  ];
}

function userAgentProblems(userAgent: string): FieldProblem[] {
  if (/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(userAgent)) return [];
  return [
    {
      field: 'userAgent',
      message: 'it is not a header value',
      fix: 'Use 1 to 256 printable ASCII characters.',
    },
  ];
}

function certificateProblems(certificates: readonly string[]): FieldProblem[] {
  return certificates.flatMap((certificate, index) => {
    try {
      createSecureContext({ ca: certificate });
      if (certificate.includes('-----BEGIN CERTIFICATE-----')) return [];
    } catch {
      // Reported below, like a text that holds no certificate.
    }
    return {
      field: `certificateAuthorities[${index}]`,
      message: 'it is not a certificate',
      fix: 'Give the text of a certificate in PEM form.',
    };
  });
}
