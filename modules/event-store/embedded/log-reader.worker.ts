import { workerData } from 'node:worker_threads';
import { LogReader } from './log-reader.js';
import { openForReading } from './open-database.js';
import type { ReaderAnswer, ReaderCall } from './reader-protocol.js';
import { workerPort } from './worker-port.js';

const port = workerPort();
const { folder } = workerData as { readonly folder: string };
const database = openForReading(folder);
const reader = new LogReader(database);

function answer(message: ReaderAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

port.on('message', (call: ReaderCall) => {
  if (call.kind === 'close') {
    database.close();
    port.close();
    return;
  }
  const { id, query, now } = call;
  try {
    const result = reader.read(query, now);
    answer({ kind: 'result', id, result }, [result.records.buffer]);
  } catch (error) {
    answer({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  }
});
answer({ kind: 'ready' });
