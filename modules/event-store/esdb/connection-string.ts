import {
  type ConnectionProblem,
  type ConnectionSettings,
  readSettings,
} from './connection-settings.js';

/** One server that was named. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** What a connection string says. */
export interface ConnectionTarget extends ConnectionSettings {
  readonly hosts: readonly ServerAddress[];
  /** Whether the hosts are asked for the members of the cluster, of which the leader is taken. */
  readonly isDiscovered: boolean;
  /** Sent over TLS alone. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** The connection string without credentials and settings: what may be logged. */
  readonly shown: string;
}

const FORM = 'esdb://[user:password@]host[:port][,host[:port]...][?setting=value[&...]]';
const SCHEME = /^(?:esdb|kurrentdb|kurrent)(\+discover)?:\/\//;
const DEFAULT_PORT = 2113;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])$/;

/**
 * Reads a connection string: `esdb`, `kurrentdb` or `kurrent`, each also with `+discover`.
 *
 * It is stricter than the official client, which ignores what it does not know: a misspelt `tls` would be one such. The
 * problems never repeat text in which a password may stand.
 * @see https://docs.kurrent.io/clients/node/latest/getting-started#connection-string
 */
export function readConnectionString(
  text: string,
): { readonly target: ConnectionTarget } | { readonly problems: readonly ConnectionProblem[] } {
  const scheme = SCHEME.exec(text);
  if (!scheme) return { problems: [problem('has no scheme that is known', `Write it ${FORM}.`)] };
  const rest = text.slice(scheme[0].length);
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const tail = end < 0 ? '' : rest.slice(end);
  if (tail.includes('@')) {
    const fix = 'Percent-encode `/`, `?`, `#`, `@` and `%` in the user and the password.';
    return { problems: [problem('has a user or a password that is not encoded', fix)] };
  }
  const problems: ConnectionProblem[] = [];
  const at = authority.lastIndexOf('@');
  const credentials = at < 0 ? null : readCredentials(authority.slice(0, at), problems);
  const hosts = readHosts(authority.slice(at + 1), problems);
  const settings = readSettings(queryOf(tail, problems), problems);
  if (problems.length > 0) return { problems };
  const isDiscovered = scheme[1] !== undefined || hosts.length > 1;
  const shown = scheme[0] + hosts.map(({ address, port }) => `${address}:${port}`).join(',');
  return { target: { ...settings, hosts, isDiscovered, credentials, shown } };
}

function readCredentials(
  text: string,
  problems: ConnectionProblem[],
): ConnectionTarget['credentials'] {
  const colon = text.indexOf(':');
  const username = decode(text.slice(0, colon < 0 ? undefined : colon));
  const password = colon < 0 ? undefined : decode(text.slice(colon + 1));
  if (username && password) return { username, password };
  const fix = 'Write `user:password@` before the host, both percent-encoded.';
  problems.push(problem('has credentials that cannot be read', fix));
  return null;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function readHosts(text: string, problems: ConnectionProblem[]): ServerAddress[] {
  return text.split(',').map((host, index) => {
    const which = `host ${index + 1}`;
    const [, address = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(host) ?? [];
    if (!HOST.test(address)) {
      problems.push(problem(`has no usable name for ${which}`, `Write it ${FORM}.`));
    }
    if (port !== undefined && !isPort(port)) {
      problems.push(
        problem(`has no usable port for ${which}`, 'Give a whole number from 1 to 65535.'),
      );
    }
    return { address, port: port === undefined ? DEFAULT_PORT : Number(port) };
  });
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function queryOf(tail: string, problems: ConnectionProblem[]): string {
  const [path, ...query] = tail.split('?');
  if (path !== '' && path !== '/') {
    problems.push(problem('has a path', 'Leave out what stands between the host and the `?`.'));
  }
  return query.join('?');
}

function problem(message: string, fix: string): ConnectionProblem {
  return { message, fix };
}
