import { type MessagePort, parentPort } from 'node:worker_threads';

/** The port to the owner of this thread. @throws Error outside of a worker thread */
export function workerPort(): MessagePort {
  if (!parentPort) throw new Error('This file is the entry of a worker thread');
  return parentPort;
}
