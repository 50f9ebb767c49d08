import { types } from 'node:util';
import { lookup, Resolver as DnsResolver } from 'node:dns/promises';

/** Finds the addresses of a host name. */
export interface Resolver {
  /**
   * The addresses of `hostname` in the order in which they should be tried.
   *
   * @throws an error of any kind when there are none
   */
  resolve(hostname: string): Promise<readonly string[]>;
}

const LOOPBACK = ['127.0.0.1', '::1'] as const;
const QUERY_TRIES = 2;

/** Answers after which the system's own resolver may know more: hosts file, search domains, multicast DNS. */
const WORTH_ASKING_THE_SYSTEM = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'ENONAME']);

export interface SystemResolverOptions {
  /** DNS servers as `address` or `address:port`. @default those of the machine */
  readonly servers?: readonly string[];
  /** How long a server may take to answer a query, in milliseconds; it is asked twice. @default 3000 */
  readonly queryTimeoutMs?: number;
}

/**
 * Asks the DNS servers of the machine, and the system's resolver only for what they do not know.
 *
 * The system's resolver (`getaddrinfo`) alone would break the isolation of endpoints: libuv gives it two threads, so two
 * names whose servers do not answer would hold up every other lookup of the process. DNS queries wait without a thread.
 * Nothing is remembered: names that change are followed at once, and concurrent questions for one name are one query.
 */
export class SystemResolver implements Resolver {
  readonly #dns: DnsResolver;
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  constructor({ servers, queryTimeoutMs = 3_000 }: SystemResolverOptions = {}) {
    this.#dns = new DnsResolver({ timeout: queryTimeoutMs, tries: QUERY_TRIES });
    if (servers) this.#dns.setServers(servers);
  }

  resolve(hostname: string): Promise<readonly string[]> {
    const pending = this.#pending.get(hostname);
    if (pending) return pending;
    const question = this.#resolve(hostname).finally(() => this.#pending.delete(hostname));
    this.#pending.set(hostname, question);
    return question;
  }

  async #resolve(hostname: string): Promise<readonly string[]> {
    // RFC 6761, section 6.3: these names are the loopback, and never asked for.
    if (/(^|\.)localhost\.?$/.test(hostname)) return LOOPBACK;
    const [ipv4, ipv6] = await Promise.allSettled([
      this.#dns.resolve4(hostname),
      this.#dns.resolve6(hostname),
    ]);
    const addresses = [ipv4, ipv6].flatMap((answer) =>
      answer.status === 'fulfilled' ? answer.value : [],
    );
    if (addresses.length > 0) return addresses;
    if (ipv4.status === 'rejected' && !isWorthAskingTheSystem(ipv4.reason)) throw ipv4.reason;
    const known = await lookup(hostname, { all: true, verbatim: true });
    return known.map(({ address }) => address);
  }
}

function isWorthAskingTheSystem(error: unknown): boolean {
  return (
    types.isNativeError(error) &&
    'code' in error &&
    typeof error.code === 'string' &&
    WORTH_ASKING_THE_SYSTEM.has(error.code)
  );
}
