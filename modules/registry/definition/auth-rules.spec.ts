import { checkAuth } from './auth-rules.js';
import { Problems } from './problems.js';

function judged(value: unknown, isDeclared = true) {
  const problems = new Problems();
  const auth = checkAuth(value, { urlPolicy: { isHttpAllowed: false }, isDeclared }, problems);
  return { auth, problems: problems.found, fields: problems.found.map(({ field }) => field) };
}

describe('the authorisation of a webhook', () => {
  it('may be basic, with any text but control characters, and a password that is empty', () => {
    for (const [username, password] of [
      ['Aladdin', 'open sesame'],
      ['jürgen', 'pa:ss wörd €'],
      ['', ''],
    ]) {
      const { auth, problems } = judged({ type: 'basic', username, password });

      expect(problems).toEqual([]);
      expect(auth).toMatchObject({ type: 'basic', username });
    }
  });

  it.each([
    ['a user name with a colon', { username: 'a:b', password: 'p' }, ['auth.username']],
    ['neither user name nor password', {}, ['auth.username', 'auth.password']],
    [
      'control characters',
      { username: 'a\n', password: 'p\u0000' },
      ['auth.username', 'auth.password'],
    ],
    [
      'a password that is too long',
      { username: 'a', password: 'p'.repeat(1_025) },
      ['auth.password'],
    ],
    ['a field of another kind', { username: 'a', password: 'p', token: 't' }, ['auth.token']],
  ])('is refused with %s', (_why, fields, expected) => {
    expect(judged({ type: 'basic', ...fields }).fields).toEqual(expected);
  });

  it('may be a client of OAuth 2, at a token endpoint or an issuer', () => {
    const client = { type: 'oauth2', clientId: 'shop', clientSecret: 's3 cret' };
    const more = {
      ...{ scope: 'a b', audience: 'https://api', resource: 'urn:x', clientAuthentication: 'post' },
    };

    expect(judged({ ...client, tokenUrl: 'https://idp.example/token' }).problems).toEqual([]);
    expect(judged({ ...client, issuer: 'https://idp.example/r', ...more }).auth).toMatchObject({
      ...{ type: 'oauth2', issuer: 'https://idp.example/r', clientId: 'shop' },
      ...more,
    });
  });

  it.each([
    ['nothing', {}, ['auth.tokenUrl', 'auth.clientId', 'auth.clientSecret']],
    ['a token endpoint and an issuer', { issuer: 'https://idp.example' }, ['auth.tokenUrl']],
    ['a token endpoint by http', { tokenUrl: 'http://idp.example' }, ['auth.tokenUrl']],
    ['a user in the URL', { tokenUrl: 'https://u:hunter2@idp.example' }, ['auth.tokenUrl']],
    [
      'an issuer with a query',
      { tokenUrl: undefined, issuer: 'https://i.example/?a' },
      ['auth.issuer'],
    ],
    ['a client id that is none', { clientId: 'ü' }, ['auth.clientId']],
    ['a secret that is too long', { clientSecret: 'hunter2'.repeat(2_000) }, ['auth.clientSecret']],
    ['a scope with a quote', { scope: 'a "b"' }, ['auth.scope']],
    ['an audience that is empty', { audience: '' }, ['auth.audience']],
    ['a resource with a fragment', { resource: 'https://a/#b' }, ['auth.resource']],
    ['a way that is none', { clientAuthentication: 'jwt' }, ['auth.clientAuthentication']],
  ])('of OAuth 2 is refused with %s', (what, changes, expected) => {
    const client = { tokenUrl: 'https://idp.example/token', clientId: 'shop', clientSecret: 's' };
    const { fields, problems } = judged({
      type: 'oauth2',
      ...(what === 'nothing' ? {} : client),
      ...changes,
    });

    expect(fields).toEqual(expected);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('may be a function of a webhook that is declared in code, and of no other', () => {
    const resolver = { type: 'resolver', resolve: () => 'token' };

    expect(judged(resolver).auth).toMatchObject({ resolve: { stored: { kind: 'function' } } });
    expect(judged(resolver, false).problems).toMatchObject([
      { field: 'auth.resolve', fix: expect.stringContaining('@Webhook') as string },
    ]);
    expect(judged({ type: 'resolver' }).fields).toEqual(['auth.resolve']);
  });

  it('names the kinds that there are, and quotes no secret', () => {
    const unknown = judged({ type: 'digest', password: 'hunter2' });
    const wrong = judged({ type: 'basic', username: 'hunter2:', password: 'hunter2\n' });

    expect(unknown.problems).toMatchObject([
      {
        field: 'auth',
        fix: expect.stringContaining("{ type: 'basic', username, password }") as string,
      },
    ]);
    expect(judged({ type: 'toString' }).fields).toEqual(['auth']);
    expect(JSON.stringify([unknown.problems, wrong.problems])).not.toContain('hunter2');
  });
});
