import { checkAuth } from './auth-rules.js';
import { Problems } from './problems.js';

function judged(value: unknown) {
  const problems = new Problems();
  const auth = checkAuth(value, problems);
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
