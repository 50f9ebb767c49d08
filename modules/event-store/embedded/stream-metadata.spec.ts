import fc from 'fast-check';
import {
  NO_RETENTION,
  parseRetention,
  SOFT_DELETE_METADATA,
  SOFT_DELETED,
  withTruncateBefore,
} from './stream-metadata.js';

const parse = (text: string) => parseRetention(Buffer.from(text), true);

describe('parseRetention', () => {
  it.each([
    ['{"$maxCount":5}', { maxCount: 5 }],
    ['{"$maxAge":60,"$tb":7}', { maxAgeS: 60, truncateBefore: 7 }],
    ['{ "other" : {"$maxCount":9} , "$maxCount" : 5 }', { maxCount: 5 }],
    ['{"a":"}{,\\"$tb\\":3","$tb":4}', { truncateBefore: 4 }],
    ['{"$tb":9223372036854775807}', { truncateBefore: SOFT_DELETED }],
    ['{"$tb":9223372036854775806}', { truncateBefore: SOFT_DELETED - 1 }],
    ['{"$tb":-1,"$maxCount":0,"$maxAge":-9223372036854775808}', {}],
    ['{"$acl":{"$r":"me","$w":["you","me"]},"$maxCount":1}', { maxCount: 1 }],
    ['{"$tmp":true,"$cacheControl":3,"$maxCount":1}', { maxCount: 1 }],
    ['{}', {}],
  ])('reads %s', (text, expected) => {
    expect(parse(text)).toEqual({ ...NO_RETENTION, ...expected });
  });

  it.each([
    '{"$maxCount":5,"$tb":9223372036854775808}',
    '{"$maxCount":5,"$maxAge":2.0}',
    '{"$maxCount":5,"$maxAge":1e3}',
    '{"$maxCount":"5"}',
    '{"$maxCount":null}',
    '{"$maxCount":5,"$tmp":1}',
    '{"$maxCount":5,"$acl":[]}',
    '{"$maxCount":5,"$acl":{"$x":"me"}}',
    '{"$maxCount":5,"$acl":{"$r":[1]}}',
    '[{"$maxCount":5}]',
    '{"$maxCount":5',
    '"$maxCount"',
    '',
  ])('takes %s for empty, all of it', (text) => {
    expect(parse(text)).toEqual(NO_RETENTION);
  });

  it('takes what is not flagged as JSON for empty', () => {
    expect(parseRetention(Buffer.from('{"$maxCount":5}'), false)).toEqual(NO_RETENTION);
  });

  it('reads what a soft delete writes', () => {
    expect(parseRetention(SOFT_DELETE_METADATA, true).truncateBefore).toBe(SOFT_DELETED);
  });
});

describe('withTruncateBefore', () => {
  it('replaces the truncation and keeps every other member byte by byte', () => {
    const before = '{"big": 12345678901234567890, "$tb":9223372036854775807, "x":[1, {"$tb":2}]}';

    const after = withTruncateBefore(Buffer.from(before), 3)?.toString();

    expect(after).toBe('{"big":12345678901234567890,"x":[1, {"$tb":2}],"$tb":3}');
  });

  it('is undefined for what is no object', () => {
    expect(withTruncateBefore(Buffer.from('[1]'), 3)).toBeUndefined();
    expect(withTruncateBefore(Buffer.from('{'), 3)).toBeUndefined();
  });

  it('changes nothing else, whatever the metadata', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (metadata, revision) => {
        const text = JSON.stringify(metadata, undefined, revision % 3);

        const after = withTruncateBefore(Buffer.from(text), revision)?.toString() ?? '';

        const expected = { ...(JSON.parse(text) as object), $tb: revision };
        expect(JSON.parse(after)).toEqual(expected);
        expect(parse(after).truncateBefore === revision || '$acl' in expected).toBe(true);
      }),
    );
  });
});
