import fc from 'fast-check';
import { type CursorKey, decodeCursor, encodeCursor, limitProblems } from './page.js';

const key = fc.oneof(fc.maxSafeInteger(), fc.string());
const filter = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer()));
const invalid = expect.objectContaining({ code: 'PSH_PROJECTION_CURSOR_INVALID' });

describe('a cursor', () => {
  it('gives back the key that it was made of', () => {
    fc.assert(
      fc.property(key, filter, (last, filters) => {
        expect(decodeCursor(encodeCursor(last, 'q', filters), 'q', filters)).toBe(last);
      }),
    );
  });

  it('is refused by another query, and with other filters', () => {
    fc.assert(
      fc.property(key, filter, (last, filters) => {
        const cursor = encodeCursor(last, 'q', filters);
        expect(() => decodeCursor(cursor, 'r', filters)).toThrow(invalid);
        expect(() => decodeCursor(cursor, 'q', { ...filters, more: 1 })).toThrow(invalid);
      }),
    );
  });

  it('is refused when its key was exchanged', () => {
    fc.assert(
      fc.property(key, key, (last, other) => {
        fc.pre(last !== other);
        const [, check] = parts(encodeCursor(last, 'q', {}));
        const forged = Buffer.from(JSON.stringify([other, check])).toString('base64url');
        expect(() => decodeCursor(forged, 'q', {})).toThrow(invalid);
      }),
    );
  });

  it('is refused when it is anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor(text, 'q', {})).toThrow(invalid);
      }),
    );
  });
});

describe('a limit', () => {
  it.each([undefined, 1, 50, 250])('may be %s', (limit) => {
    expect(limitProblems(limit)).toEqual([]);
  });

  it.each([0, -1, 251, 1.5, Number.NaN, Infinity])('may not be %s', (limit) => {
    expect(limitProblems(limit)).toMatchObject([{ field: 'limit' }]);
  });
});

function parts(cursor: string): [CursorKey, string] {
  return JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [CursorKey, string];
}
