import { type Clock, pause } from '../kernel/index.js';

const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Does `work`, and then rests for as long as it took: whoever works so takes half of what is there at most, and less when
 * others make it slow.
 */
export async function withRest<Result>(
  clock: Clock,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const startedAt = clock.monotonic();
  const result = await work();
  const tookMs = clock.monotonic() - startedAt;
  await pause(clock, Math.min(Math.max(tookMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS), signal);
  return result;
}
