import { DeadlineExceededError } from '@eventstore/db-client';
import type { Clock } from '../../kernel/index.js';

/**
 * Waits for `work`, but no longer than `deadlineMs`, if it is given. The work itself goes on: what it did is then unknown,
 * as it is with a server.
 * @throws DeadlineExceededError
 */
export async function withinDeadline<T>(
  clock: Clock,
  deadlineMs: number | undefined,
  work: Promise<T>,
): Promise<T> {
  if (deadlineMs === undefined || deadlineMs === Infinity) return work;
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(() => {
      reject(new DeadlineExceededError(undefined, `Deadline of ${deadlineMs} ms exceeded`));
    }, deadlineMs);
    work.then(resolve, reject).finally(cancel);
  });
}
