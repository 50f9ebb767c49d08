import fc from 'fast-check';
import { AdaptiveLimit } from './adaptive-limit.js';

describe('an adaptive limit', () => {
  it('is halved by a sign of overload, once for all requests that were under way', () => {
    const limit = new AdaptiveLimit();
    expect(limit.concurrency(16)).toBe(16);

    for (let request = 0; request < 16; request++) limit.slow(100, 50, 16);
    expect(limit.concurrency(16)).toBe(8);

    limit.slow(300, 200, 16);
    expect(limit.concurrency(16)).toBe(4);
  });

  it('keeps requests apart once one at a time is too much for half a minute', () => {
    const limit = new AdaptiveLimit();
    for (let now = 0; now < 30_000; now += 100) limit.slow(now, now, 4);
    expect(limit.concurrency(4)).toBe(1);
    expect(limit.gapMs).toBe(0);

    limit.slow(30_000, 30_000, 4);
    limit.started(30_010);
    expect(limit.nextAt).toBe(30_110);
  });

  it('keeps them apart no more where some are borne', () => {
    const limit = new AdaptiveLimit();
    for (let now = 0; now < 60_000; now += 100) {
      if (now % 1_000 === 0) limit.recover(4);
      else limit.slow(now, now, 4);
    }

    expect(limit.concurrency(4)).toBe(1);
    expect(limit.gapMs).toBe(0);
  });

  it('takes one more request for as many answers as there may be requests', () => {
    const limit = new AdaptiveLimit();
    limit.slow(0, 0, 16);
    for (let answer = 0; answer < 9; answer++) limit.recover(16);

    expect(limit.concurrency(16)).toBe(9);
  });

  it('never stops a lane, never exceeds what the webhook allows, and comes to rest when all is well', () => {
    const steps = fc.array(fc.boolean(), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), steps, (most, signs) => {
        const limit = new AdaptiveLimit();
        const concurrencies = signs.map((isOverloaded, second) => {
          const now = 1_000 * second;
          if (isOverloaded) limit.slow(now, now, most);
          else limit.recover(most);
          return limit.concurrency(most);
        });
        expect(concurrencies.every((one) => one >= 1 && one <= most)).toBe(true);

        for (let answer = 0; answer < 10 + 2 * most * most; answer++) limit.recover(most);
        expect(limit.isAtRest).toBe(true);
        expect(limit.nextAt).toBe(Number.NEGATIVE_INFINITY);
      }),
    );
  });
});
