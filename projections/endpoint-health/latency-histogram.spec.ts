import fc from 'fast-check';
import { LatencyHistogram } from './latency-histogram.js';

function of(latencies: readonly number[]): LatencyHistogram {
  const histogram = LatencyHistogram.of();
  for (const latency of latencies) histogram.add(latency);
  return histogram;
}

const latency = fc.double({ min: 1.01, max: 1_000_000, noNaN: true });

describe('the latency histogram', () => {
  it('has no percentiles without latencies', () => {
    expect(LatencyHistogram.of().percentile(0.5)).toBeNull();
  });

  it('gives 1 ms for everything up to 1 ms, and copes with what is no duration', () => {
    expect(of([0, 0.3, 1, -5, Number.NaN]).percentile(0.99)).toBe(1);
  });

  it('is as exact for short latencies', () => {
    expect(of([1.68]).percentile(1)).toBe(1.54);
  });

  it('is off by at most 9 % at every percentile', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.95, 0.99, 1),
        (latencies, share) => {
          const sorted = latencies.toSorted((a, b) => a - b);
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
          const estimate = of(latencies).percentile(share) ?? Number.NaN;
          expect(Math.abs(estimate / exact - 1)).toBeLessThanOrEqual(0.1); // 9.1 %, and the rounding to 0.01 ms
        },
      ),
    );
  });

  it('adds up: the histogram of two spans is the sum of theirs', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (some, others) => {
        const sum = LatencyHistogram.of(of(some).toJson());
        sum.addAll(of(others));
        expect(sum.toJson()).toBe(of([...some, ...others]).toJson());
      }),
    );
  });
});
