import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { ConnectionProblem } from './connection-settings.js';
import { type ConnectionTarget, readConnectionString } from './connection-string.js';

function targetOf(text: string): ConnectionTarget {
  const result = readConnectionString(text);
  if ('target' in result) return result.target;
  throw new Error(result.problems.map(({ message }) => message).join('; '));
}

function problemsOf(text: string): readonly ConnectionProblem[] {
  const result = readConnectionString(text);
  return 'problems' in result ? result.problems : [];
}

function messagesOf(text: string): readonly string[] {
  return problemsOf(text).map(({ message }) => message);
}

describe('a connection string', () => {
  it('names a server, reached over TLS', () => {
    expect(targetOf('esdb://store.example')).toEqual({
      hosts: [{ address: 'store.example', port: 2113 }],
      isDiscovered: false,
      isTls: true,
      credentials: null,
      shown: 'esdb://store.example:2113',
    });
  });

  it.each(['esdb', 'kurrentdb', 'kurrent'])(
    'may begin with %s, for a server or a cluster',
    (name) => {
      expect(targetOf(`${name}://a:1`).isDiscovered).toBe(false);
      expect(targetOf(`${name}+discover://a:1`).isDiscovered).toBe(true);
    },
  );

  it('names several members of a cluster, which are asked for the leader', () => {
    const { hosts, isDiscovered } = targetOf('esdb://a:1,b,[::1]:3');

    expect(isDiscovered).toBe(true);
    expect(hosts).toEqual([
      { address: 'a', port: 1 },
      { address: 'b', port: 2113 },
      { address: '[::1]', port: 3 },
    ]);
  });

  it('carries credentials, percent-encoded or with anything that does not end them', () => {
    expect(targetOf('esdb://admin:change%40it%2F@a').credentials).toEqual({
      username: 'admin',
      password: 'change@it/',
    });
    expect(targetOf('esdb://admin:a:b@c@a').credentials?.password).toBe('a:b@c');
  });

  it('carries settings, whose names may be in any case', () => {
    const settings = [
      'tls=true',
      'tlscafile=./ca%20file.pem',
      'USERCERTFILE=cert.pem',
      'userKeyFile=key.pem',
      'connectionName=orders',
      'defaultDeadline=5000',
      'gossipTimeout=3',
      'keepAliveInterval=20000',
      'nodePreference=Leader',
      'tlsVerifyCert=true',
      'throwOnAppendFailure=true',
    ];

    expect(targetOf(`esdb://a/?${settings.join('&')}`)).toMatchObject({
      isTls: true,
      tlsCAFile: './ca file.pem',
      userCertFile: 'cert.pem',
      userKeyFile: 'key.pem',
      connectionName: 'orders',
      defaultDeadline: 5_000,
      gossipTimeout: 3,
      keepAliveInterval: 20_000,
    });
  });

  it.each([
    ['store.example:2113', 'has no scheme that is known'],
    ['http://store.example', 'has no scheme that is known'],
    ['esdb://', 'has no usable name for host 1'],
    ['esdb://a,', 'has no usable name for host 2'],
    ['esdb://a b', 'has no usable name for host 1'],
    ['esdb://::1', 'has no usable name for host 1'],
    ['esdb://a:port', 'has no usable port for host 1'],
    ['esdb://a:0', 'has no usable port for host 1'],
    ['esdb://a:65536', 'has no usable port for host 1'],
    ['esdb://a/streams', 'has a path'],
    ['esdb://admin@a', 'has credentials that cannot be read'],
    ['esdb://admin:%zz@a', 'has credentials that cannot be read'],
    ['esdb://a?tsl=false', 'has a setting that there is not: "tsl"'],
    ['esdb://a?tls', 'has a setting that cannot be used: tls'],
    ['esdb://a?tls=no', 'has a setting that cannot be used: tls'],
    ['esdb://a?tls=true&TLS=false', 'has the setting tls twice'],
    ['esdb://a?defaultDeadline=10s', 'has a setting that cannot be used: defaultDeadline'],
    ['esdb://a?keepAliveInterval=-1', 'has a setting that cannot be used: keepAliveInterval'],
    ['esdb://a?gossipTimeout=5000', 'has a setting that cannot be used: gossipTimeout'],
    ['esdb://a?nodePreference=follower', 'has a setting that cannot be used: nodePreference'],
    ['esdb://a?tlsVerifyCert=false', 'has a setting that cannot be used: tlsVerifyCert'],
    [
      'esdb://a?throwOnAppendFailure=false',
      'has a setting that cannot be used: throwOnAppendFailure',
    ],
    ['esdb://a?userCertFile=a', 'has one of userCertFile and userKeyFile without the other'],
    ['esdb://a?tls=false&tlsCAFile=ca.pem', 'has tlsCAFile beside tls=false'],
  ])('such as %j is refused: it %s', (text, message) => {
    expect(messagesOf(text)).toContain(message);
  });

  it('has the settings that docs/event-store.md lists, and no others', async () => {
    const page = await readFile(new URL('../../../docs/event-store.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('## On EventStoreDB / KurrentDB');
    const rows = section.split('### ')[0]?.matchAll(/^\| (`[^|]*`) +\|/gm) ?? [];
    const listed = [...rows].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
    const [problem] = problemsOf('esdb://a?no=1');
    const known = problem?.fix.replace(/^Use one of: |\.$/g, '').split(', ') ?? [];

    const refusedInText = ['tlsVerifyCert', 'throwOnAppendFailure', 'nodePreference'];
    expect([...listed, ...refusedInText].sort()).toEqual([...known].sort());
    for (const name of refusedInText) expect(section).toContain(`\`${name}`);
  });

  it('is refused for every mistake at once', () => {
    expect(messagesOf('esdb://a:b,/path?c=d&tls=maybe')).toHaveLength(5);
  });

  it('never shows its credentials, wherever they are and whatever is wrong with them', () => {
    const secret = fc
      .stringMatching(/^[A-Za-z0-9:/?#@%&=,!]{4,20}$/)
      .map((text) => `Geheim${text}Geheim`);
    fc.assert(
      fc.property(secret, secret, fc.boolean(), (username, password, isEncoded) => {
        const encode = isEncoded ? encodeURIComponent : (text: string) => text;
        const result = readConnectionString(
          `esdb://${encode(username)}:${encode(password)}@a?tls=x`,
        );
        const shown = 'target' in result ? result.target.shown : JSON.stringify(result.problems);
        expect(shown).not.toContain('Geheim');
      }),
    );
  });
});
