import fc from 'fast-check';
import { LONGEST_RETRY_AFTER_MS, parseRetryAfter } from './retry-after.js';

const RECEIVED_AT = Date.UTC(2026, 0, 1);

describe('parseRetryAfter', () => {
  it.each([
    ['5', 5_000],
    [' 5 ', 5_000],
    ['0', 0],
    ['86400', 86_400_000],
    ['86401', LONGEST_RETRY_AFTER_MS],
    ['9'.repeat(400), LONGEST_RETRY_AFTER_MS],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
    ['Thu Jan  1 00:01:00 2026', expect.any(Number) as number],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', LONGEST_RETRY_AFTER_MS],
    ['-1', null],
    ['1.5', null],
    ['1e3', null],
    ['2026', 2_026_000],
    ['', null],
    ['tomorrow', null],
    ['Mon, nonsense', null],
    ['2026-01-01T00:01:00Z', null],
  ])('reads %p as %p ms', (text, expected) => {
    expect(parseRetryAfter(text, undefined, RECEIVED_AT)).toEqual(expected);
  });

  it('counts a date from the date of the response, whatever time it is here', () => {
    expect(
      parseRetryAfter(
        'Fri, 01 Jan 2016 00:01:00 GMT',
        'Fri, 01 Jan 2016 00:00:00 GMT',
        RECEIVED_AT,
      ),
    ).toBe(60_000);
  });

  it('is null, or from 0 to 24 hours', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (text, date) => {
        const delayMs = parseRetryAfter(text, date, RECEIVED_AT) ?? 0;
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(LONGEST_RETRY_AFTER_MS);
      }),
    );
  });
});
