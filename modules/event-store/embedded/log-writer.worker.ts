import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import type { BatchMessage } from './batch.js';
import { lockFolder } from './folder-lock.js';
import { LogWriter } from './log-writer.js';
import { openForWriting, OpenRefused } from './open-database.js';
import type { WriterAnswer, WriterCall, WriterOptions } from './writer-protocol.js';

/** Most bytes that one transaction takes, so that its neighbours in the queue do not wait for long. */
const TRANSACTION_BYTES = 16 * 1024 * 1024;

const port = parentPort as MessagePort;
const options = workerData as WriterOptions;

function answer(message: WriterAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Takes every batch that waits already: they share the transaction, and with it the fsync. */
function collect(first: BatchMessage): { batches: BatchMessage[]; next: WriterCall | undefined } {
  const batches = [first];
  let bytes = first.buffer.byteLength;
  while (bytes < TRANSACTION_BYTES) {
    const waiting = receiveMessageOnPort(port) as { message: WriterCall } | undefined;
    if (waiting?.message.kind !== 'batch') return { batches, next: waiting?.message };
    batches.push(waiting.message.batch);
    bytes += waiting.message.batch.buffer.byteLength;
  }
  return { batches, next: undefined };
}

function serve(database: Database, lock: Database): void {
  const writer = new LogWriter(database);
  const handle = (call: WriterCall): void => {
    if (call.kind === 'close') {
      database.close();
      lock.close();
      port.close();
      return;
    }
    const { batches, next } = collect(call.batch);
    for (const result of writer.apply(batches)) {
      const transfer = result.kind === 'committed' ? [result.outcomes.buffer] : [];
      answer({ kind: 'result', result }, transfer);
    }
    if (next) handle(next);
  };
  port.on('message', handle);
  answer({ kind: 'ready', head: writer.head });
}

try {
  const lock = lockFolder(options.folder, options.now);
  try {
    serve(openForWriting(options.folder, options.maxPages), lock);
  } catch (error) {
    lock.close();
    throw error;
  }
} catch (error) {
  if (!(error instanceof OpenRefused)) throw error;
  answer({ kind: 'refused', refusal: error.refusal });
}
