import fc from 'fast-check';
import type { RetryPolicy } from '../registry/index.js';
import {
  attemptsOf,
  JITTER_FRACTION,
  LONGEST_RETRY_AFTER_MS,
  nextAttemptAt,
  scheduledDelayMs,
  STANDARD_DELAYS_MS,
} from './retry-schedule.js';

const policies: fc.Arbitrary<RetryPolicy> = fc.oneof(
  fc.constant<RetryPolicy>({ kind: 'standard' }),
  fc.record({
    kind: fc.constant('fixed' as const),
    attempts: fc.integer({ min: 1, max: 100 }),
    delayMs: fc.integer({ min: 0, max: 86_400_000 }),
  }),
  fc.record({
    kind: fc.constant('exponential' as const),
    attempts: fc.integer({ min: 1, max: 100 }),
    initialMs: fc.integer({ min: 1, max: 60_000 }),
    factor: fc.integer({ min: 1, max: 10 }),
    maxMs: fc.integer({ min: 1, max: 86_400_000 }),
  }),
  fc.record({
    kind: fc.constant('list' as const),
    delaysMs: fc.array(fc.integer({ min: 0, max: 86_400_000 }), { maxLength: 100 }),
  }),
);

describe('the standard schedule', () => {
  it('makes 10 attempts over 75 h 35 m 05 s, as the example of Standard Webhooks', () => {
    const total = STANDARD_DELAYS_MS.reduce((sum, delay) => sum + delay, 0);

    expect(attemptsOf({ kind: 'standard' })).toBe(10);
    expect(total).toBe(((75 * 60 + 35) * 60 + 5) * 1_000);
  });
});

describe('the next attempt', () => {
  it('comes after the delay of the policy, prolonged by the jitter', () => {
    const policy: RetryPolicy = { kind: 'fixed', attempts: 3, delayMs: 1_000 };
    const timing = { policy, failedAttempts: 1, now: 0, retryAfterMs: null };

    expect(nextAttemptAt({ ...timing, random: 0 })).toBe(1_000);
    expect(nextAttemptAt({ ...timing, random: 0.5 })).toBe(1_050);
  });

  it('does not come when the run is exhausted, even if the endpoint asks for one', () => {
    const policy: RetryPolicy = { kind: 'list', delaysMs: [1_000] };

    expect(
      nextAttemptAt({ policy, failedAttempts: 2, now: 0, random: 0, retryAfterMs: 5_000 }),
    ).toBeNull();
  });

  it('is never earlier than the endpoint asked for, up to a day', () => {
    const policy: RetryPolicy = { kind: 'fixed', attempts: 3, delayMs: 1_000 };
    const timing = { policy, failedAttempts: 1, now: 0, random: 0 };

    expect(nextAttemptAt({ ...timing, retryAfterMs: 120_000 })).toBe(120_000);
    expect(nextAttemptAt({ ...timing, retryAfterMs: 10 })).toBe(1_000);
    expect(nextAttemptAt({ ...timing, retryAfterMs: 1e15 })).toBe(LONGEST_RETRY_AFTER_MS);
  });

  it('is given exactly while the policy has attempts left, within delay and jitter', () => {
    fc.assert(
      fc.property(
        policies,
        fc.integer({ min: 1, max: 120 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (policy, failedAttempts, random) => {
          const next = nextAttemptAt({
            policy,
            failedAttempts,
            now: 0,
            random,
            retryAfterMs: null,
          });
          const delay = scheduledDelayMs(policy, failedAttempts);

          expect(next === null).toBe(failedAttempts >= attemptsOf(policy));
          if (next === null || delay === null) return;
          expect(next).toBeGreaterThanOrEqual(Math.floor(delay));
          expect(next).toBeLessThanOrEqual(Math.ceil(delay * (1 + JITTER_FRACTION)));
        },
      ),
    );
  });
});
