import { resolve } from 'node:path';
import { validateSync } from 'class-validator';
import { connectionStringProblems } from '../../modules/event-store/index.js';
import { type FieldProblem, PosthornError } from '../../modules/kernel/index.js';
import { CONFIG_KEYS, type ConfigKey } from './config-keys.js';
import { PosthornConfig } from './posthorn-config.js';

/** Settings given in code; they win over the environment. */
export type PosthornConfigOptions = Partial<PosthornConfig>;

/** What there is beside the settings, and asks more of them. */
export interface ConfigDemands {
  /** Whether the event store is given in code: then no connection string decides. */
  readonly eventStore?: 'shared' | 'exclusive';
  /** Whether the REST face is mounted. */
  readonly hasRestFace?: boolean;
}

type Key = keyof PosthornConfig;
const KEYS = Object.keys(CONFIG_KEYS) as Key[];

/**
 * The configuration: `options`, else the environment, else the defaults; validated as a whole and frozen.
 *
 * An empty variable counts as unset, as container tools write it.
 *
 * @param options settings given in code
 * @param env the environment; default: that of the process
 * @param demands what there is beside the settings
 * @throws PosthornError `PSH_CONFIG_INVALID` with every mistake in `problems`; values are not repeated
 */
export function loadConfig(
  options: PosthornConfigOptions = {},
  env: NodeJS.ProcessEnv = process.env,
  demands: ConfigDemands = {},
): PosthornConfig {
  const config = new PosthornConfig();
  const given = new Map<string, string>();
  for (const key of KEYS) {
    const { value, name } = settingOf(key, options, env);
    Object.defineProperty(config, key, { value, enumerable: true, writable: true });
    given.set(key, name);
  }
  const problems = [
    ...unknownOptions(options),
    ...invalidSettings(config, given),
    ...invalidUrl(config, given),
    ...missingSecrets(config, given, demands),
  ];
  if (problems.length > 0) {
    throw new PosthornError('PSH_CONFIG_INVALID', summary(problems), { problems });
  }
  return Object.freeze(
    Object.assign(config, {
      dataDir: resolve(config.dataDir),
      allowedNetworks: Object.freeze([...config.allowedNetworks]),
      deniedNetworks: Object.freeze([...config.deniedNetworks]),
    }),
  );
}

/** Variables that begin like ours and are none: most likely misspelt. */
export function unknownVariables(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const known = new Set(KEYS.map((key) => CONFIG_KEYS[key].env));
  return Object.keys(env).filter((name) => name.startsWith('POSTHORN_') && !known.has(name));
}

function settingOf(
  key: Key,
  options: PosthornConfigOptions,
  env: NodeJS.ProcessEnv,
): { value: unknown; name: string } {
  const definition: ConfigKey<unknown> = CONFIG_KEYS[key];
  const option: unknown = options[key];
  if (option !== undefined) return { value: option, name: key };
  const text = env[definition.env]?.trim() ?? '';
  return {
    value: text === '' ? definition.default : definition.parse(text),
    name: definition.env,
  };
}

function unknownOptions(options: PosthornConfigOptions): FieldProblem[] {
  return Object.keys(options)
    .filter((name) => !Object.hasOwn(CONFIG_KEYS, name))
    .map((name) => ({
      field: name,
      message: 'is not a setting',
      fix: `Use one of: ${KEYS.join(', ')}.`,
    }));
}

function invalidSettings(
  config: PosthornConfig,
  given: ReadonlyMap<string, string>,
): FieldProblem[] {
  return validateSync(config, { forbidUnknownValues: true }).map(({ property }) => {
    const definition: ConfigKey<unknown> = CONFIG_KEYS[property as Key];
    const field = given.get(property) ?? property;
    return {
      field,
      message: `must be ${definition.rule}`,
      fix: definition.fix ?? `Set ${field} to ${definition.rule}.`,
    };
  });
}

/** The mistakes one by one, none of which repeats any part of the text. */
function invalidUrl(
  { eventStoreUrl }: PosthornConfig,
  given: ReadonlyMap<string, string>,
): FieldProblem[] {
  if (typeof eventStoreUrl !== 'string') return [];
  const field = given.get('eventStoreUrl') ?? 'eventStoreUrl';
  return connectionStringProblems(eventStoreUrl).map((problem) => ({ field, ...problem }));
}

/**
 * Instances that share an event store share its webhooks: a key that each made for itself would leave the others unable to
 * read their secrets, and a token that each made for itself would be good for one of them.
 */
function missingSecrets(
  { eventStoreUrl, encryptionKey, apiToken }: PosthornConfig,
  given: ReadonlyMap<string, string>,
  { eventStore, hasRestFace }: ConfigDemands,
): FieldProblem[] {
  const isShared = eventStore === undefined ? eventStoreUrl !== null : eventStore === 'shared';
  if (!isShared) return [];
  const missing = (key: Key, command: string): FieldProblem => ({
    field: given.get(key) ?? key,
    message: 'must be set, because the event store is shared',
    fix: `Make one with \`${command}\` and give the same to every instance.`,
  });
  return [
    ...(encryptionKey === null ? [missing('encryptionKey', 'openssl rand -base64 32')] : []),
    ...(hasRestFace && apiToken === null ? [missing('apiToken', 'openssl rand -hex 32')] : []),
  ];
}

function summary(problems: readonly FieldProblem[]): string {
  return problems.map(({ field, message }) => `${field} ${message}`).join('; ');
}
