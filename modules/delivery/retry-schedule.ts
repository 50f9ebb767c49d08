import type { RetryPolicy } from '../registry/index.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Delays after the 1st, 2nd, ... failed attempt in the example schedule of Standard Webhooks 1.0.0: 10 attempts over
 * 75 h 35 m 05 s.
 */
export const STANDARD_DELAYS_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** A delay is prolonged by up to this part of itself, so that deliveries that failed together do not return together. */
export const JITTER_FRACTION = 0.1;

/** The longest that an endpoint's `Retry-After` is believed. */
export const LONGEST_RETRY_AFTER_MS = 24 * HOUR;

/** How many attempts a policy makes in one run. */
export function attemptsOf(policy: RetryPolicy): number {
  switch (policy.kind) {
    case 'standard':
      return STANDARD_DELAYS_MS.length + 1;
    case 'list':
      return policy.delaysMs.length + 1;
    case 'exponential':
    case 'fixed':
      return policy.attempts;
  }
}

/**
 * The delay before the next attempt, without jitter.
 *
 * @param failedAttempts failed attempts of this run so far, at least 1
 * @returns milliseconds, or `null` when the run is exhausted
 */
export function scheduledDelayMs(policy: RetryPolicy, failedAttempts: number): number | null {
  if (failedAttempts >= attemptsOf(policy)) return null;
  const index = failedAttempts - 1;
  switch (policy.kind) {
    case 'standard':
      return STANDARD_DELAYS_MS[index] ?? null;
    case 'list':
      return policy.delaysMs[index] ?? null;
    case 'fixed':
      return policy.delayMs;
    case 'exponential':
      return Math.min(policy.initialMs * policy.factor ** index, policy.maxMs);
  }
}

/** How long an attempt that cannot be made is put off: at first, doubled with every round, and at most. */
const SHORTEST_POSTPONEMENT_MS = 5 * SECOND;
const LONGEST_POSTPONEMENT_MS = 10 * MINUTE;

/**
 * @param round 1 for the first time
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function postponementMs(round: number, random: number): number {
  const delay = Math.min(SHORTEST_POSTPONEMENT_MS * 2 ** (round - 1), LONGEST_POSTPONEMENT_MS);
  return Math.round(delay * (1 + JITTER_FRACTION * random));
}

export interface RetryTiming {
  readonly policy: RetryPolicy;
  /** Failed attempts of this run so far, the one just made included. */
  readonly failedAttempts: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** In [0, 1): where in the jitter this delivery falls. */
  readonly random: number;
  /** What the endpoint asked for with `Retry-After`; `null` if it asked for nothing. */
  readonly retryAfterMs: number | null;
}

/**
 * When the next attempt is due: the scheduled delay with jitter, and never earlier than the endpoint asked for (up to
 * `LONGEST_RETRY_AFTER_MS`).
 *
 * @returns epoch milliseconds, or `null` when the run is exhausted
 */
export function nextAttemptAt(timing: RetryTiming): number | null {
  const delay = scheduledDelayMs(timing.policy, timing.failedAttempts);
  if (delay === null) return null;
  const jittered = delay * (1 + JITTER_FRACTION * timing.random);
  const asked = Math.min(timing.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return Math.round(timing.now + Math.max(jittered, asked));
}
