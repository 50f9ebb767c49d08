import { once } from 'node:events';
import type { Socket } from 'node:net';
import { sendFailureOf } from '../send-failure.js';

/**
 * Waits for the event, and destroys the socket if an error or the signal comes first.
 *
 * @throws the error of the socket, or the signal's reason
 */
export async function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  // An error may come when nobody waits for one, such as a reset right after the connection.
  socket.on('error', ignore);
  try {
    await once(socket, event, { signal });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error;
  }
}

/** The promise, unless the signal comes first: then its reason is thrown, as a `SendFailure`. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: () => void = ignore;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(sendFailureOf(signal.reason));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function ignore(): void {
  // Whoever waits is told in another way.
}
