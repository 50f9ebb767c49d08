import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import type { BatchMessage } from './batch.js';
import { lockFolder } from './folder-lock.js';
import { LogWriter, refusalOf } from './log-writer.js';
import { openForWriting, refusalFor } from './open-database.js';
import { Scavenger } from './scavenger.js';
import { workerPort } from './worker-port.js';
import type { WriterAnswer, WriterCall, WriterOptions } from './writer-protocol.js';

/** Most bytes that one transaction takes, so that its neighbours in the queue do not wait for long. */
const TRANSACTION_BYTES = 16 * 1024 * 1024;

type ScavengeCall = Extract<WriterCall, { kind: 'scavenge' }>;

const port = workerPort();
const options = workerData as WriterOptions;

function answer(message: WriterAnswer, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Does what the owner of the thread asks, one call after the other; what cannot be undone ends the thread. */
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
      const step = this.#scavenger.step(cursor, now);
      answer({ kind: 'scavenged', step });
    } catch (error) {
      const message = refusalOf(error);
      if (message === undefined) throw error;
      answer({ kind: 'not-scavenged', message });
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
  start(options);
} catch (error) {
  const refusal = refusalFor(error, options.folder);
  if (!refusal) throw error;
  answer({ kind: 'refused', refusal });
}
