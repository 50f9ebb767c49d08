import fc from 'fast-check';
import { ManualClock } from '../../kernel/index.js';
import { Pace } from './pace.js';

describe('the pace of a replay', () => {
  it('never lets more pass in any stretch of time than the rate, and one second of it', () => {
    const passages = fc.array(fc.tuple(fc.nat({ max: 3_000 }), fc.nat({ max: 500 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), passages, (perSecond, asks) => {
        const clock = new ManualClock();
        const pace = new Pace(clock);
        const sent: { readonly at: number; readonly count: number }[] = [];
        for (const [pauseMs, wanted] of asks) {
          clock.advance(pauseMs);
          const count = Math.min(wanted, pace.allowance(perSecond));
          pace.spend(count);
          sent.push({ at: clock.monotonic(), count });
        }
        for (const [first, { at }] of sent.entries()) {
          let total = 0;
          for (const one of sent.slice(first)) {
            total += one.count;
            const most = perSecond + ((one.at - at) * perSecond) / 1_000;
            expect(total).toBeLessThanOrEqual(most + 1e-6);
          }
        }
      }),
    );
  });

  it('tells how long to wait, and holds its word', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (perSecond) => {
        const clock = new ManualClock();
        const pace = new Pace(clock);
        pace.spend(pace.allowance(perSecond));
        expect(pace.allowance(perSecond)).toBe(0);
        const waitMs = pace.waitMs(perSecond);
        expect(waitMs).toBeLessThanOrEqual(1_001);
        clock.advance(waitMs);
        expect(pace.allowance(perSecond)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('knows no bound without a rate, and begins anew with one', () => {
    const pace = new Pace(new ManualClock());
    expect(pace.allowance(null)).toBe(Infinity);
    pace.spend(100_000);
    expect(pace.allowance(10)).toBe(10);
  });
});
