import { Problems } from './problems.js';
import { checkRateLimit } from './rate-rules.js';

function checked(value: unknown) {
  const problems = new Problems();
  const limit = checkRateLimit(value, problems);
  return { limit, fields: problems.found.map(({ field }) => field) };
}

describe('a rate limit', () => {
  it.each([
    [{ perSecond: 20 }],
    [{ perMinute: 60_000, burst: 1_000 }],
    [{ perSecond: 1, burst: 1 }],
    [null],
  ])('%j is one', (value) => {
    expect(checked(value)).toEqual({ limit: value, fields: [] });
  });

  it.each([
    ['fast', ['rateLimit']],
    [{}, ['rateLimit']],
    [{ burst: 5 }, ['rateLimit']],
    [{ perSecond: 1, perMinute: 60 }, ['rateLimit']],
    [{ perSecond: 0, burst: 1.5 }, ['rateLimit.perSecond', 'rateLimit.burst']],
    [{ perMinute: '100', per: 'hour' }, ['rateLimit', 'rateLimit.perMinute']],
    [{ perSecond: 1_001 }, ['rateLimit.perSecond']],
  ])('%j is none, and every mistake is named', (value, fields) => {
    expect(checked(value)).toEqual({ limit: undefined, fields });
  });
});
