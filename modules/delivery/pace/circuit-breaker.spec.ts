import fc from 'fast-check';
import { CircuitBreaker } from './circuit-breaker.js';

const OPTIONS = {
  threshold: 3,
  patienceMs: 0,
  openMs: 1_000,
  longestOpenMs: 8_000,
  longestHoldMs: 100_000,
  trickleMs: 500,
};

function tripped(): CircuitBreaker {
  const breaker = new CircuitBreaker(OPTIONS);
  for (let failure = 0; failure < OPTIONS.threshold; failure++) breaker.failed(0, 0);
  return breaker;
}

describe('a circuit breaker', () => {
  it('opens after failures in a row, and only then', () => {
    const breaker = new CircuitBreaker(OPTIONS);
    breaker.failed(0, 0);
    breaker.failed(0, 0);
    breaker.succeeded();
    breaker.failed(0, 0);
    breaker.failed(0, 0);
    expect(breaker.stateAt(0)).toBe('closed');

    breaker.failed(10, 0);
    expect(breaker.stateAt(10)).toBe('open');
    expect(breaker.nextAt).toBe(1_010);
  });

  it('opens only once they go on for long enough: a restart of the endpoint is no outage', () => {
    const breaker = new CircuitBreaker({ ...OPTIONS, patienceMs: 60_000 });
    for (let failure = 0; failure < 100; failure++) breaker.failed(599 * failure, 0);
    expect(breaker.stateAt(59_301)).toBe('closed');

    breaker.failed(60_000, 59_000);
    expect(breaker.stateAt(60_000)).toBe('open');
  });

  it('lets a probe through after its time, and closes when that succeeds', () => {
    const breaker = tripped();
    expect(breaker.stateAt(1_000)).toBe('half-open');

    breaker.succeeded();
    expect(breaker.stateAt(1_000)).toBe('closed');
    expect(breaker.isAtRest).toBe(true);
  });

  it('waits twice as long after each probe that fails, up to the longest', () => {
    const breaker = tripped();
    const pauses = Array.from({ length: 5 }, () => {
      const probedAt = breaker.nextAt;
      breaker.failed(probedAt, probedAt);
      return breaker.nextAt - probedAt;
    });

    expect(pauses).toEqual([2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  it('takes no request for a probe that was under way when it opened', () => {
    const breaker = tripped();
    breaker.failed(900, 0);
    breaker.failed(5_000, 0);

    expect(breaker.nextAt).toBe(1_000);
  });

  it('always lets somebody through: within its longest pause, and soon once it has held for too long', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(durations, (durationsMs) => {
        const breaker = tripped();
        let now = 0;
        const pauses = durationsMs.map((duration) => {
          const startedAt = Math.max(now, breaker.nextAt);
          now = startedAt + duration;
          breaker.failed(now, startedAt);
          const most = now >= OPTIONS.longestHoldMs ? OPTIONS.trickleMs : OPTIONS.longestOpenMs;
          return breaker.nextAt - now <= most;
        });
        expect(pauses.every(Boolean)).toBe(true);
      }),
    );
  });
});
