import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_START_MS = 30_000;

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

/** Waits until a service that was started is there. */
export async function until(isThere: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await isThere())) {
    if (performance.now() - startedAt > LONGEST_START_MS) throw new Error('it does not answer');
    await delay(50);
  }
}
