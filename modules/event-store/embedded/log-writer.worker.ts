import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import type { BatchMessage } from './batch.js';
import { lockFolder } from './folder-lock.js';
import { DISK_FULL, isDiskFull, LogWriter } from './log-writer.js';
import { openForWriting, OpenRefused } from './open-database.js';
import { Scavenger } from './scavenger.js';
import { workerPort } from './worker-port.js';
import type { WriterAnswer, WriterCall, WriterOptions } from './writer-protocol.js';

/** Most bytes that one transaction takes, so that its neighbours in the queue do not wait for long. */
const TRANSACTION_BYTES = 16 * 1024 * 1024;

type ScavengeCall = Extract<WriterCall, { kind: 'scavenge' }>;

const port = workerPort();

function answer(message: WriterAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Does what the owner of the thread asks, one call after the other; any error but a full disk ends the thread. */
class WriterService {
  readonly #database: Database;
  readonly #lock: Database;
  readonly #writer: LogWriter;
  readonly #scavenger: Scavenger;

  constructor(database: Database, lock: Database) {
    this.#database = database;
    this.#lock = lock;
    this.#writer = new LogWriter(database);
    this.#scavenger = new Scavenger(database);
  }

  start(): void {
    port.on('message', (call: WriterCall) => {
      this.#handle(call);
    });
    answer({ kind: 'ready', head: this.#writer.head });
  }

  #handle(call: WriterCall): void {
    switch (call.kind) {
      case 'batch':
        this.#write(call.batch);
        return;
      case 'scavenge':
        this.#scavenge(call);
        return;
      case 'close':
        this.#database.close();
        this.#lock.close();
        port.close();
    }
  }

  /** Every batch that waits already shares the transaction, and with it the fsync. */
  #write(first: BatchMessage): void {
    const batches = [first];
    let bytes = first.buffer.byteLength;
    let next: WriterCall | undefined;
    while (bytes < TRANSACTION_BYTES && !next) {
      const waiting = receiveMessageOnPort(port) as { message: WriterCall } | undefined;
      if (!waiting) break;
      if (waiting.message.kind === 'batch') {
        batches.push(waiting.message.batch);
        bytes += waiting.message.batch.buffer.byteLength;
      } else next = waiting.message;
    }
    for (const result of this.#writer.apply(batches)) {
      const transfer = result.kind === 'committed' ? [result.outcomes.buffer] : [];
      answer({ kind: 'result', result }, transfer);
    }
    if (next) this.#handle(next);
  }

  #scavenge({ cursor, now }: ScavengeCall): void {
    try {
      const step = this.#scavenger.step(cursor, this.#writer.head, now);
      answer({ kind: 'scavenged', step });
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      answer({ kind: 'not-scavenged', message: DISK_FULL });
    }
  }
}

function start({ folder, now, maxPages }: WriterOptions): void {
  const lock = lockFolder(folder, now);
  try {
    new WriterService(openForWriting(folder, maxPages), lock).start();
  } catch (error) {
    lock.close();
    throw error;
  }
}

try {
  start(workerData as WriterOptions);
} catch (error) {
  if (!(error instanceof OpenRefused)) throw error;
  answer({ kind: 'refused', refusal: error.refusal });
}
