import { recordHeaders } from './response-headers.js';

describe('recorded response headers', () => {
  it('are joined where they are repeated', () => {
    expect(recordHeaders({ via: ['a', 'b'], date: 'today' }, [])).toEqual({
      via: 'a,b',
      date: 'today',
    });
  });

  it('hold no credential', () => {
    expect(
      recordHeaders(
        {
          'set-cookie': ['a=secret', 'b=secret'],
          authorization: 'Bearer other',
          'x-request': 'with Bearer secret-token inside',
        },
        ['secret-token'],
      ),
    ).toEqual({
      'set-cookie': '[masked]',
      authorization: '[masked]',
      'x-request': 'with Bearer [masked] inside',
    });
  });

  it('are at most 64', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v']));

    expect(Object.keys(recordHeaders(many, []))).toHaveLength(64);
  });

  it('are at most 8 KiB', () => {
    const large = { 'x-small': 'a', 'x-large': 'b'.repeat(8_192), 'x-last': 'c' };

    expect(recordHeaders(large, [])).toEqual({ 'x-small': 'a' });
  });
});
