import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ServedEventStoreOptions } from '../../modules/event-store/index.js';
import { type FieldProblem, PosthornError } from '../../modules/kernel/index.js';
import { nameMistake, parseUsersFile } from './event-store-users.js';

export const EVENT_STORE_USAGE = `Usage: posthorn event-store --data DIR [options]

Serves an event store to the official clients of EventStoreDB until SIGTERM or SIGINT.

Options:
  --data DIR            folder of its files; created if there is none
  --port PORT           port to listen on; 0: any that is free (default: 2113)
  --host HOST           address to listen on (default: 127.0.0.1)
  --tls-cert FILE       certificate chain, PEM; without it clients connect with tls=false
  --tls-key FILE        its private key, PEM
  --user NAME           a user that clients log in as, an administrator; needs TLS
  --password-file FILE  file that holds that user's password
  --users-file FILE     file of more users: [{"name", "password", "groups": ["$admins", ...]}, ...]; needs TLS
  -h, --help            show this
`;

const OPTIONS = {
  data: { type: 'string' },
  port: { type: 'string', default: '2113' },
  host: { type: 'string', default: '127.0.0.1' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  user: { type: 'string' },
  'password-file': { type: 'string' },
  'users-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof valuesOf>;

/**
 * The options of `posthorn event-store`.
 * @returns `undefined` when help is asked for
 * @throws PosthornError `PSH_EVENT_STORE_INVALID_OPTIONS` with every mistake in `problems`
 */
export function parseEventStoreOptions(
  args: readonly string[],
): ServedEventStoreOptions | undefined {
  const values = valuesOf(args);
  if (values.help) return undefined;
  const problems: FieldProblem[] = [];
  const port = Number(values.port);
  const tls = tlsOf(values, problems);
  const users = usersOf(values, problems);
  if (!values.data) {
    problems.push(problem('--data', 'is missing', 'Name the folder of the event store.'));
  }
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
    problems.push(problem('--port', 'is not a port', 'Give a number from 0 to 65535.'));
  }
  if (problems.length > 0) throw invalid(problems);
  return {
    dataDir: values.data ?? '',
    host: values.host,
    port,
    ...(tls && { tls }),
    ...(users && { users }),
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalid([problem('arguments', message, 'See posthorn event-store --help.')]);
  }
}

function tlsOf(values: Values, problems: FieldProblem[]): ServedEventStoreOptions['tls'] {
  const { 'tls-cert': cert, 'tls-key': keyFile } = values;
  if (cert === undefined && keyFile === undefined) return undefined;
  const certificate = contentOf('--tls-cert', cert, problems);
  const key = contentOf('--tls-key', keyFile, problems);
  return certificate && key && { certificate, key };
}

function usersOf(values: Values, problems: FieldProblem[]): ServedEventStoreOptions['users'] {
  const administrator = administratorOf(values, problems);
  const file = values['users-file'];
  const text = file === undefined ? undefined : contentOf('--users-file', file, problems);
  const others = text && parseUsersFile(text.toString('utf8'), problems);
  if ((values.user ?? file) !== undefined && values['tls-cert'] === undefined) {
    const field = values.user === undefined ? '--users-file' : '--user';
    problems.push(
      problem(field, 'needs TLS', 'Give --tls-cert and --tls-key: clients log in over TLS only.'),
    );
  }
  if (values.user !== undefined && others && Object.hasOwn(others, values.user)) {
    problems.push(problem('--user', 'is in --users-file too', 'Keep one of them.'));
  }
  return administrator || others ? { ...administrator, ...others } : undefined;
}

function administratorOf(
  values: Values,
  problems: FieldProblem[],
): ServedEventStoreOptions['users'] {
  const { user, 'password-file': file } = values;
  if (user === undefined && file === undefined) return undefined;
  const mistake = nameMistake(user ?? '');
  if (mistake !== undefined) {
    const fix = user ? 'Give it another name.' : 'Name the user of the password.';
    problems.push(problem('--user', mistake, fix));
  }
  const password = contentOf('--password-file', file, problems)?.toString('utf8').trimEnd();
  if (password === '') {
    problems.push(problem('--password-file', 'holds no password', 'Write one into the file.'));
  }
  return user && password ? { [user]: password } : undefined;
}

function contentOf(
  field: string,
  path: string | undefined,
  problems: FieldProblem[],
): Buffer | undefined {
  if (path === undefined) {
    problems.push(
      problem(field, 'is missing', 'Name the file: the one is no use without the other.'),
    );
    return undefined;
  }
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(problem(field, `cannot be read: ${reason}`, 'Name a file that can be read.'));
    return undefined;
  }
}

function problem(field: string, message: string, fix: string): FieldProblem {
  return { field, message, fix };
}

function invalid(problems: readonly FieldProblem[]): PosthornError {
  const summary = problems.map(({ field, message }) => `${field} ${message}`).join('; ');
  return new PosthornError('PSH_EVENT_STORE_INVALID_OPTIONS', summary, { problems });
}
