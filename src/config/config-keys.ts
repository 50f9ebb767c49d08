import { DELIVERY_DEFAULTS } from '../../modules/delivery/index.js';
import type { PosthornConfig } from './posthorn-config.js';

/** What is known of one setting. */
export interface ConfigKey<Value> {
  /** Environment variable that sets it. */
  readonly env: string;
  readonly default: Value;
  readonly unit: 'ms' | 'bytes' | null;
  /** What it does, in one sentence. */
  readonly description: string;
  /** What it may be, completing "must be ...". */
  readonly rule: string;
  /** What to do when it is not; default: made from the rule. */
  readonly fix?: string;
  /** Never shown in an error, a log line or an answer. */
  readonly isSecret?: true;
  /** Reads the text of the variable; text that is not understood is returned as it is, for validation to refuse. */
  parse(text: string): unknown;
}

const asText = (text: string): unknown => text;

const asWholeNumber = (text: string): unknown => (/^-?\d{1,15}$/.test(text) ? Number(text) : text);

const asSwitch = (text: string): unknown => {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  return text;
};

const asList = (text: string): unknown =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Every setting of Posthorn. `docs/configuration.md` lists the same keys, which a test checks in both directions. */
export const CONFIG_KEYS: {
  readonly [Key in keyof PosthornConfig]: ConfigKey<PosthornConfig[Key]>;
} = {
  host: {
    env: 'HOST',
    default: '127.0.0.1',
    unit: null,
    description: 'Address that the server listens on.',
    rule: 'a host name or an IP address',
    parse: asText,
  },
  port: {
    env: 'PORT',
    default: 3000,
    unit: null,
    description: 'Port that the server listens on; 0 takes a free one, which the log names.',
    rule: 'a whole number from 0 to 65535',
    parse: asWholeNumber,
  },
  dataDir: {
    env: 'POSTHORN_DATA_DIR',
    default: './data',
    unit: null,
    description:
      'Folder of the embedded event store, the read models and the generated secrets. One process owns it at a time, also when the event store is elsewhere.',
    rule: 'the path of a folder',
    parse: asText,
  },
  apiToken: {
    env: 'POSTHORN_API_TOKEN',
    default: null,
    unit: null,
    description:
      'Bearer token of the REST face. Unset: one is generated and kept in `api-token` in the data folder, mode 0600; with a shared event store it has to be set.',
    rule: '16 to 512 printable ASCII characters without spaces',
    isSecret: true,
    parse: asText,
  },
  encryptionKey: {
    env: 'POSTHORN_ENCRYPTION_KEY',
    default: null,
    unit: null,
    description:
      'Key that encrypts the secrets of webhooks before they enter an event. Unset: one is generated and kept in `encryption-key` in the data folder, mode 0600; with a shared event store it has to be set.',
    rule: 'the base64 text of 32 random bytes, as `openssl rand -base64 32` prints it; or several as `id:key`, separated by commas, the one to encrypt with first',
    isSecret: true,
    parse: asText,
  },
  allowHttp: {
    env: 'POSTHORN_ALLOW_HTTP',
    default: false,
    unit: null,
    description: 'Development opt-in: webhooks may have `http:` URLs.',
    rule: '`true` or `false`',
    parse: asSwitch,
  },
  allowedNetworks: {
    env: 'POSTHORN_ALLOWED_NETWORKS',
    default: [],
    unit: null,
    description:
      'Private networks that may be dialled, such as `127.0.0.0/8,::1/128`. Every other private, loopback and link-local address is refused.',
    rule: 'a comma-separated list of networks in CIDR notation, with no bits set behind the prefix',
    parse: asList,
  },
  deniedNetworks: {
    env: 'POSTHORN_DENIED_NETWORKS',
    default: [],
    unit: null,
    description:
      'Networks that are never dialled although they are public or allowed: your own public addresses, the prefix of your own NAT64.',
    rule: 'a comma-separated list of networks in CIDR notation, with no bits set behind the prefix',
    parse: asList,
  },
  egressProxy: {
    env: 'POSTHORN_EGRESS_PROXY',
    default: null,
    unit: null,
    description:
      'HTTP proxy through which every connection to an endpoint leaves, such as `http://user:password@proxy.internal:3128`. It is asked by CONNECT, for the address that was judged; see docs/security.md.',
    rule: 'an `http:` or `https:` URL with host and port, and no path',
    isSecret: true,
    parse: asText,
  },
  streamPrefix: {
    env: 'POSTHORN_STREAM_PREFIX',
    default: 'posthorn.',
    unit: null,
    description:
      "What the name of each of Posthorn's own streams begins with; without its last dot, the name of the consumer group. Installations that share an event store have one each.",
    rule: 'at most 64 letters, digits, underscores and dots that end with a dot',
    parse: asText,
  },
  release: {
    env: 'POSTHORN_RELEASE',
    default: 0,
    unit: null,
    description:
      'Number of the release of the declared webhooks. A lower one never overrides a higher one, so a rollback is a new release.',
    rule: 'a whole number, 0 or more',
    parse: asWholeNumber,
  },
  vanishedPolicy: {
    env: 'POSTHORN_VANISHED_POLICY',
    default: 'keep',
    unit: null,
    description: 'What becomes of a declared webhook that the code no longer declares.',
    rule: '`keep`, `pause` or `remove`',
    parse: asText,
  },
  inlineWindowMs: {
    env: 'POSTHORN_INLINE_WINDOW_MS',
    default: DELIVERY_DEFAULTS.inlineWindowMs,
    unit: 'ms',
    description:
      'How long an observed event waits for its first attempts before it is acknowledged and they go on by themselves.',
    rule: 'a whole number from 10 to 30000',
    parse: asWholeNumber,
  },
  maxConcurrentAttempts: {
    env: 'POSTHORN_MAX_CONCURRENT_ATTEMPTS',
    default: DELIVERY_DEFAULTS.maxConcurrentAttempts,
    unit: null,
    description: 'How many requests this process has under way at once, over all webhooks.',
    rule: 'a whole number from 1 to 10000',
    parse: asWholeNumber,
  },
  maxConcurrentPerOrigin: {
    env: 'POSTHORN_MAX_CONCURRENT_PER_ORIGIN',
    default: DELIVERY_DEFAULTS.maxConcurrentPerOrigin,
    unit: null,
    description:
      'How many requests this process has under way at once to one origin (scheme, host and port), over all webhooks.',
    rule: 'a whole number from 1 to 10000',
    parse: asWholeNumber,
  },
  retryAfterLimitMs: {
    env: 'POSTHORN_RETRY_AFTER_LIMIT_MS',
    default: DELIVERY_DEFAULTS.retryAfterLimitMs,
    unit: 'ms',
    description:
      'How long a `Retry-After` that comes with 429 or 503 holds back the other deliveries of the webhook at most. The delivery that met it waits as long as was asked, up to 24 h.',
    rule: 'a whole number from 0 to 86400000',
    parse: asWholeNumber,
  },
  postponeLimitMs: {
    env: 'POSTHORN_POSTPONE_LIMIT_MS',
    default: DELIVERY_DEFAULTS.postponeLimitMs,
    unit: 'ms',
    description:
      "How long an attempt that cannot be made, for a reason that is not the endpoint's (an egress proxy that fails), is put off before it counts as a failed one.",
    rule: 'a whole number from 0 to 604800000',
    parse: asWholeNumber,
  },
  disableAfterMs: {
    env: 'POSTHORN_DISABLE_AFTER_MS',
    default: DELIVERY_DEFAULTS.disableAfterMs,
    unit: 'ms',
    description:
      'For how long every attempt of a webhook has to have failed until the webhook is disabled; warnings come after 1, 3 and 4 fifths of it. `never` (in code `null`): it is not disabled for that.',
    rule: '`never` or a whole number from 1000 to 7776000000',
    parse: (text) => (text === 'never' ? null : asWholeNumber(text)),
  },
  drainTimeoutMs: {
    env: 'POSTHORN_DRAIN_TIMEOUT_MS',
    default: DELIVERY_DEFAULTS.drainTimeoutMs,
    unit: 'ms',
    description:
      'How long a shutdown waits for attempts under way. What is still open then is aborted, and attempted again after the restart.',
    rule: 'a whole number from 0 to 600000',
    parse: asWholeNumber,
  },
  maxBodyBytes: {
    env: 'POSTHORN_MAX_BODY_BYTES',
    default: 4_194_304,
    unit: 'bytes',
    description: 'Largest request body that the REST face reads.',
    rule: 'a whole number from 1024 to 67108864',
    parse: asWholeNumber,
  },
  logLevel: {
    env: 'POSTHORN_LOG_LEVEL',
    default: 'info',
    unit: null,
    description: 'How much is logged. `debug` has a line per request.',
    rule: '`fatal`, `error`, `warn`, `info`, `debug` or `trace`',
    parse: asText,
  },
  logFormat: {
    env: 'POSTHORN_LOG_FORMAT',
    default: 'auto',
    unit: null,
    description:
      'How a log line looks: `json`, `pretty`, or `auto`, which is pretty when stdout is a terminal.',
    rule: '`auto`, `pretty` or `json`',
    parse: asText,
  },
  eventStoreUrl: {
    env: 'EVENTSTORE_URL',
    default: null,
    unit: null,
    description:
      'Connection string of an EventStoreDB or KurrentDB, which instances may share. Unset: the embedded event store in the data folder.',
    rule: 'a connection string such as `esdb://user:password@host:2113` or `esdb+discover://cluster.example:2113`, see docs/event-store.md',
    isSecret: true,
    parse: asText,
  },
};
