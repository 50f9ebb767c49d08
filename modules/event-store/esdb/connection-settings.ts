import type { FieldProblem } from '../../kernel/index.js';

/** A mistake in a connection string, without any part of it that might be a password. */
export type ConnectionProblem = Omit<FieldProblem, 'field'>;

/** What the settings of a connection string say. */
export interface ConnectionSettings {
  /** Default: true. */
  readonly isTls: boolean;
  /** Files of certificates, PEM; relative to the working directory. */
  readonly tlsCAFile?: string;
  readonly userCertFile?: string;
  readonly userKeyFile?: string;
  readonly connectionName?: string;
  /** How long a call may take, in milliseconds; default 10,000. */
  readonly defaultDeadline?: number;
  /** Between two rounds of asking the hosts, in milliseconds; default 100. */
  readonly discoveryInterval?: number;
  /** In seconds; default 5. */
  readonly gossipTimeout?: number;
  readonly maxDiscoverAttempts?: number;
  /** A connection that is silent for so long is asked whether it lives, in milliseconds; default 10,000. */
  readonly keepAliveInterval?: number;
  /** And is given up without an answer in this time, in milliseconds; default 10,000. */
  readonly keepAliveTimeout?: number;
}

type Reader = (value: string) => { readonly value: unknown } | { readonly rule: string };

const wholeNumber =
  (least: number, most: number, unit: string): Reader =>
  (text) => {
    const isInRange = /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
    if (isInRange) return { value: Number(text) };
    return { rule: `a whole number of ${unit} from ${least} to ${most}` };
  };

const anyText: Reader = (text) => {
  try {
    return { value: decodeURIComponent(text) };
  } catch {
    return { rule: 'percent-encoded text' };
  }
};

const onlyValue =
  (only: string, why: string): Reader =>
  (text) =>
    text.toLowerCase() === only
      ? { value: undefined }
      : { rule: `\`${only}\` or left out: ${why}` };

const READERS: ReadonlyMap<string, readonly [name: string, Reader]> = new Map(
  Object.entries({
    tls: (text: string) => {
      if (text === 'true' || text === 'false') return { value: text === 'true' };
      return { rule: '`true` or `false`' };
    },
    tlsVerifyCert: onlyValue(
      'true',
      'name the authority of the certificate with tlsCAFile instead',
    ),
    tlsCAFile: anyText,
    userCertFile: anyText,
    userKeyFile: anyText,
    connectionName: anyText,
    nodePreference: onlyValue('leader', 'the other nodes lag behind what was recorded'),
    throwOnAppendFailure: onlyValue('true', 'Posthorn has to be told of refused appends'),
    defaultDeadline: wholeNumber(100, 600_000, 'milliseconds'),
    discoveryInterval: wholeNumber(1, 60_000, 'milliseconds'),
    gossipTimeout: wholeNumber(1, 60, 'seconds'),
    maxDiscoverAttempts: wholeNumber(1, 1_000, 'attempts'),
    keepAliveInterval: wholeNumber(1_000, 60_000, 'milliseconds'),
    keepAliveTimeout: wholeNumber(100, 60_000, 'milliseconds'),
  } satisfies Record<string, Reader>).map(([name, reader]) => [name.toLowerCase(), [name, reader]]),
);

const NAMES = [...READERS.values()].map(([name]) => name).join(', ');

/** Reads `name=value&name=value`. Names are taken in any case, as the official clients differ in it. */
export function readSettings(query: string, problems: ConnectionProblem[]): ConnectionSettings {
  const settings = new Map<string, unknown>();
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=');
    const given = equals < 0 ? pair : pair.slice(0, equals);
    const [name, read] = READERS.get(given.toLowerCase()) ?? [given, undefined];
    const result = read?.(equals < 0 ? '' : pair.slice(equals + 1));
    if (!result) {
      const message = `has a setting that there is not: ${JSON.stringify(given)}`;
      problems.push({ message, fix: `Use one of: ${NAMES}.` });
    } else if ('rule' in result) {
      const fix = `Make it ${result.rule}.`;
      problems.push({ message: `has a setting that cannot be used: ${name}`, fix });
    } else if (settings.has(name)) {
      problems.push({ message: `has the setting ${name} twice`, fix: 'Leave one of them.' });
    } else {
      settings.set(name, result.value);
    }
  }
  return complete(settings, problems);
}

function complete(
  settings: ReadonlyMap<string, unknown>,
  problems: ConnectionProblem[],
): ConnectionSettings {
  const isTls = settings.get('tls') !== false;
  if (settings.has('userCertFile') !== settings.has('userKeyFile')) {
    const message = 'has one of userCertFile and userKeyFile without the other';
    problems.push({ message, fix: 'Give both, or neither.' });
  }
  for (const name of ['tlsCAFile', 'userCertFile', 'userKeyFile']) {
    if (isTls || !settings.has(name)) continue;
    const fix = 'Leave out tls=false, or the certificates.';
    problems.push({ message: `has ${name} beside tls=false`, fix });
  }
  const given = [...settings].filter(([name, value]) => name !== 'tls' && value !== undefined);
  return { ...(Object.fromEntries(given) as Omit<ConnectionSettings, 'isTls'>), isTls };
}
