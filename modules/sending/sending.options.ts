import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { type Clock, type FieldProblem, PosthornError, SystemClock } from '../kernel/index.js';
import type { SendStep } from './exchange.js';
import { openTcpSocket, type SocketOpener } from './network/dialer.js';
import { networkProblems } from './network/network-policy.js';
import { type Resolver, SystemResolver } from './network/resolver.js';

/** How requests leave this process. */
export interface SendingOptions {
  /** Whether `http://` URLs may be sent to: for development. @default false */
  readonly isHttpAllowed?: boolean;
  /**
   * Networks of private targets that may be dialled, in CIDR notation (`10.1.0.0/16`, `::1/128`). Cloud metadata
   * addresses stay refused. @default none
   */
  readonly allowedNetworks?: readonly string[];
  /** Certificates (PEM) to trust beside Node's own root certificates. @default none */
  readonly certificateAuthorities?: readonly string[];
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
  Omit<SendingOptions, 'certificateAuthorities'>
> {
  /** `undefined`: what Node trusts. */
  readonly secureContext: SecureContext | undefined;
}

const DEFAULTS = {
  isHttpAllowed: false,
  allowedNetworks: [],
  certificateAuthorities: [],
  maxConnections: 1_024,
  maxConnectionsPerOrigin: 256,
  idleTimeoutMs: 4_000,
  userAgent: 'Posthorn (+https://www.standardwebhooks.com)',
  steps: [],
  openSocket: openTcpSocket,
} as const satisfies SendingOptions;

const LONGEST_IDLE_TIMEOUT_MS = 600_000;

/**
 * Fills in the defaults.
 *
 * @throws PosthornError PSH_SENDING_INVALID_OPTIONS with every mistake in `problems`
 */
export function checkSendingOptions(options: SendingOptions): CheckedSendingOptions {
  const { certificateAuthorities, ...checked } = {
    ...DEFAULTS,
    resolver: options.resolver ?? new SystemResolver(),
    clock: options.clock ?? new SystemClock(),
    ...options,
  };
  const problems = [
    ...networkProblems(checked.allowedNetworks),
    ...integerProblems('maxConnections', checked.maxConnections, 1_000_000),
    ...integerProblems('maxConnectionsPerOrigin', checked.maxConnectionsPerOrigin, 1_000_000),
    ...integerProblems('idleTimeoutMs', checked.idleTimeoutMs, LONGEST_IDLE_TIMEOUT_MS),
    ...userAgentProblems(checked.userAgent),
    ...certificateProblems(certificateAuthorities),
  ];
  if (problems.length > 0) {
    throw new PosthornError('PSH_SENDING_INVALID_OPTIONS', undefined, { problems });
  }
  return Object.freeze({ ...checked, secureContext: secureContextWith(certificateAuthorities) });
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

/** `undefined` leaves it to Node, which then honours NODE_EXTRA_CA_CERTS. */
function secureContextWith(certificates: readonly string[]): SecureContext | undefined {
  if (certificates.length === 0) return undefined;
  return createSecureContext({ ca: [...rootCertificates, ...certificates] });
}
