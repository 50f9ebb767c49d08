import fc from 'fast-check';
import type { RateLimit } from '../../registry/index.js';
import { burstOf, spacingOf, TokenBucket } from './token-bucket.js';

const limits: fc.Arbitrary<RateLimit> = fc
  .record({
    per: fc.constantFrom('perSecond', 'perMinute'),
    rate: fc.integer({ min: 1, max: 500 }),
    burst: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
  })
  .map(({ per, rate, burst }) => {
    const limit = per === 'perSecond' ? { perSecond: rate } : { perMinute: rate };
    return burst === undefined ? limit : { ...limit, burst };
  });

/** Takes a token whenever there is one, looking after each of `pausesMs`. @returns when they were taken */
function greedy(bucket: TokenBucket, pausesMs: readonly number[]): readonly number[] {
  const takenAt: number[] = [];
  let now = 0;
  for (const pause of pausesMs) {
    now += pause;
    while (bucket.nextAt <= now) {
      bucket.take(now);
      takenAt.push(now);
    }
  }
  return takenAt;
}

describe('a token bucket', () => {
  it('never gives more in any span of time than its burst and what comes in that span', () => {
    const pauses = fc.array(fc.double({ min: 0.01, max: 20_000, noNaN: true }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(limits, pauses, (limit, pausesMs) => {
        const takenAt = greedy(new TokenBucket(limit), pausesMs);
        const isWithin = takenAt.every((from, first) =>
          takenAt.slice(first).every((to, more) => {
            const allowed = burstOf(limit) + (to - from) / spacingOf(limit);
            return more + 1 <= allowed + 1e-6;
          }),
        );
        expect(isWithin).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('gives all that it says: who looks in time loses nothing', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
    const looks = Array.from({ length: 1_000 }, () => 10);

    expect(greedy(bucket, looks)).toHaveLength(5 + 99);
  });

  it.each([
    [{ perSecond: 1 }, 1],
    [{ perSecond: 100 }, 10],
    [{ perMinute: 60 }, 1],
    [{ perMinute: 6_000 }, 10],
    [{ perMinute: 6, burst: 6 }, 6],
  ])('%j has a burst of %d', (limit, burst) => {
    expect(burstOf(limit)).toBe(burst);
    expect(greedy(new TokenBucket(limit), [1])).toHaveLength(burst);
  });
});
