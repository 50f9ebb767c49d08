import type { Clock } from '../kernel/index.js';

/** The outcome of `work`, if it comes within `limitMs`. @throws Error when it does not; what becomes of it then is nobody's concern */
export async function within<Result>(
  clock: Clock,
  limitMs: number,
  work: Promise<Result>,
): Promise<Result> {
  let cancel = (): void => undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    cancel = clock.setTimer(() => {
      reject(new Error(`not done within ${limitMs} ms`));
    }, limitMs);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    cancel();
  }
}
