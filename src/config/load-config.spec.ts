import { type FieldProblem, PosthornError } from '../../modules/kernel/index.js';
import { CONFIG_KEYS } from './config-keys.js';
import { loadConfig, unknownVariables } from './load-config.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

/** What instances on a shared event store are given. */
const SECRETS = { POSTHORN_ENCRYPTION_KEY: KEY, POSTHORN_API_TOKEN: 'token-of-all-instances' };

function caught(load: () => unknown): readonly FieldProblem[] {
  try {
    load();
  } catch (error) {
    if (error instanceof PosthornError && error.code === 'PSH_CONFIG_INVALID') {
      return error.problems;
    }
    throw error;
  }
  return [];
}

function problemsOf(load: () => unknown): readonly string[] {
  return caught(load).map(({ field }) => field);
}

describe('loadConfig', () => {
  it('has a working default for every setting', () => {
    const config = loadConfig({}, {});

    expect(config).toMatchObject({ host: '127.0.0.1', port: 3000, allowHttp: false });
    expect(config.apiToken).toBeNull();
    expect(Object.keys(config).sort()).toEqual(Object.keys(CONFIG_KEYS).sort());
  });

  it('takes options before the environment, and the environment before the defaults', () => {
    const env = { PORT: '4000', POSTHORN_RELEASE: '7' };

    const config = loadConfig({ port: 5000 }, env);

    expect(config).toMatchObject({ port: 5000, release: 7, logLevel: 'info' });
  });

  it('reads switches and lists', () => {
    const config = loadConfig(
      {},
      { POSTHORN_ALLOW_HTTP: 'true', POSTHORN_ALLOWED_NETWORKS: '127.0.0.0/8, ::1/128' },
    );

    expect(config.allowHttp).toBe(true);
    expect(config.allowedNetworks).toEqual(['127.0.0.0/8', '::1/128']);
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadConfig({}, { PORT: '', POSTHORN_API_TOKEN: ' ' }).port).toBe(3000);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({}, {});

    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.allowedNetworks)).toBe(true);
  });

  it('reports every mistake at once, under the name it was given by', () => {
    const env = {
      PORT: '70000',
      POSTHORN_ALLOW_HTTP: 'perhaps',
      POSTHORN_ALLOWED_NETWORKS: '127.0.0.0/8,10.0.0.1/8',
      POSTHORN_DENIED_NETWORKS: '8.8.8.8',
      POSTHORN_EGRESS_PROXY: 'socks5://proxy:1080',
      POSTHORN_ENCRYPTION_KEY: 'c2hvcnQ=',
      POSTHORN_API_TOKEN: 'short',
      POSTHORN_LOG_LEVEL: 'loud',
      POSTHORN_STREAM_PREFIX: '$mine',
    };

    const problems = problemsOf(() => loadConfig({ release: -1 }, env));

    expect([...problems].sort()).toEqual([...Object.keys(env), 'release'].sort());
  });

  it('never repeats a value, which may be a secret', () => {
    let message = '';
    try {
      loadConfig({}, { POSTHORN_ENCRYPTION_KEY: 'my-secret-key' });
    } catch (error) {
      message = JSON.stringify([String(error), error]);
    }

    expect(message).toContain('POSTHORN_ENCRYPTION_KEY');
    expect(message).not.toContain('my-secret-key');
  });

  it('says what is wrong with a connection string, and repeats no part of it', () => {
    const env = { EVENTSTORE_URL: 'esdb://admin:my-password@host:port?tsl=false', ...SECRETS };

    const problems = caught(() => loadConfig({}, env));

    expect(problems.map(({ field }) => field)).toEqual(['EVENTSTORE_URL', 'EVENTSTORE_URL']);
    expect(problems[0]?.message).toContain('port');
    expect(problems[1]?.message).toContain('tsl');
    expect(JSON.stringify(problems)).not.toMatch(/admin|my-password/);
  });

  it('demands a configured key when the event store is shared, and a token for the REST face', () => {
    const env = { EVENTSTORE_URL: 'esdb://host?tls=false' };

    expect(problemsOf(() => loadConfig({}, env))).toEqual(['POSTHORN_ENCRYPTION_KEY']);
    expect(problemsOf(() => loadConfig({}, env, { hasRestFace: true }))).toEqual([
      'POSTHORN_ENCRYPTION_KEY',
      'POSTHORN_API_TOKEN',
    ]);
    expect(problemsOf(() => loadConfig({}, { ...env, ...SECRETS }, { hasRestFace: true }))).toEqual(
      [],
    );
  });

  it('goes by the event store that is given in code rather than by the connection string', () => {
    const env = { EVENTSTORE_URL: 'esdb://host?tls=false' };

    expect(problemsOf(() => loadConfig({}, env, { eventStore: 'exclusive' }))).toEqual([]);
    expect(problemsOf(() => loadConfig({}, {}, { eventStore: 'shared' }))).toEqual([
      'POSTHORN_ENCRYPTION_KEY',
    ]);
  });

  it.each(['128.0.0.0/33', '::1', 'localhost', '10.0.0.0/8/8', '300.0.0.0/8', ''])(
    'refuses %j as a network',
    (network) => {
      expect(problemsOf(() => loadConfig({ allowedNetworks: [network] }, {}))).toEqual([
        'allowedNetworks',
      ]);
    },
  );

  it('accepts a key of 32 bytes and nothing near it', () => {
    expect(loadConfig({ encryptionKey: KEY }, {}).encryptionKey).toBe(KEY);
    expect(problemsOf(() => loadConfig({ encryptionKey: KEY.slice(4) }, {}))).toHaveLength(1);
    expect(problemsOf(() => loadConfig({ encryptionKey: `${KEY},` }, {}))).toHaveLength(1);
  });

  it('accepts a ring of keys with ids', () => {
    const ring = `2026-08:${KEY}, 2025-01:${Buffer.alloc(32, 1).toString('base64')}`;

    expect(loadConfig({ encryptionKey: ring }, {}).encryptionKey).toBe(ring);
    expect(problemsOf(() => loadConfig({ encryptionKey: `a b:${KEY}` }, {}))).toHaveLength(1);
  });

  it('refuses an option that is none, as JavaScript callers may give', () => {
    const options = { prot: 1 } as object;

    expect(problemsOf(() => loadConfig(options, {}))).toEqual(['prot']);
  });

  it('notices variables that are probably misspelt', () => {
    const env = { POSTHORN_RELEASE: '1', POSTHORN_ALOW_HTTP: 'true', HOME: '/' };

    expect(unknownVariables(env)).toEqual(['POSTHORN_ALOW_HTTP']);
  });
});
