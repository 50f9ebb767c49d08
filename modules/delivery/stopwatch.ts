import type { Clock } from '../kernel/index.js';

/**
 * Begins to count. @returns what tells the milliseconds since then.
 *
 * The monotonic clock of a machine that sleeps stands still; its wall clock does not, but may be set back. What was left
 * behind by either is over, so the longer of both counts.
 */
export function stopwatch(clock: Clock): () => number {
  const monotonic = clock.monotonic();
  const now = clock.now();
  return () => Math.max(clock.monotonic() - monotonic, clock.now() - now);
}
