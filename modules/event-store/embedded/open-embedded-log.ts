import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Clock, PosthornError, SystemClock } from '../../kernel/index.js';
import { AppendQueue } from './append-queue.js';
import { EmbeddedLog } from './embedded-log.js';
import type { EventLog } from './event-log.js';
import { ReaderClient } from './reader-client.js';
import type { ReaderAnswer, ReaderCall } from './reader-protocol.js';
import { StoreThread } from './store-thread.js';
import type { WriterAnswer, WriterCall, WriterOptions } from './writer-protocol.js';

const DEFAULT_MAX_APPEND_BYTES = 1_048_576;

export interface EmbeddedLogOptions {
  /** Folder of the files; created with mode 0700 if it does not exist. One process at a time owns it. */
  readonly dataDir: string;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
  /** Most bytes of event data that one append may carry; default 1 MiB. Metadata does not count. */
  readonly maxAppendBytes?: number;
  /** Most pages of 4 KiB that the file may grow to; default: no limit. Beyond it appends are refused as on a full disk. */
  readonly maxPages?: number;
}

/** An open log and what belongs to its owner. */
export interface OpenLog {
  readonly log: EventLog;
  /** Resolves when a thread of the engine died: the log can no longer be used. */
  readonly failed: Promise<Error>;
  /** Waits for what is under way, then frees the folder. */
  close(): Promise<void>;
}

/**
 * Opens the log in `dataDir`, and creates it if there is none.
 *
 * What was acknowledged before a crash, kill or power cut is there; what was not is there entirely or not at all.
 * @throws PosthornError `PSH_EVENT_STORE_FOLDER_IN_USE`, `PSH_EVENT_STORE_FOLDER_NOT_WRITABLE`,
 * `PSH_EVENT_STORE_NEWER_FORMAT`, `PSH_EVENT_STORE_CORRUPT`
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<OpenLog> {
  const opening = new EmbeddedLogOpening(options);
  return opening.open();
}

class EmbeddedLogOpening {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #options: EmbeddedLogOptions;

  constructor(options: EmbeddedLogOptions) {
    this.#options = options;
    this.#folder = resolve(options.dataDir);
    this.#clock = options.clock ?? new SystemClock();
  }

  async open(): Promise<OpenLog> {
    makeFolder(this.#folder);
    const now = (): number => this.#clock.now();
    const queue = new AppendQueue({
      now,
      send: (batch) => {
        writer.send({ kind: 'batch', batch }, [batch.buffer]);
      },
      onCommit: (batch) => {
        log.committed(batch);
      },
    });
    const { maxPages, maxAppendBytes = DEFAULT_MAX_APPEND_BYTES } = this.#options;
    const writerOptions: WriterOptions = {
      folder: this.#folder,
      now: now(),
      ...(maxPages === undefined ? {} : { maxPages }),
    };
    const { thread: writer, head } = await startWriter(writerOptions, (answer) => {
      if (answer.kind === 'result') queue.settle(answer.result);
    });
    const reader = new ReaderClient({
      now,
      send: (call) => {
        readerThread.send(call);
      },
    });
    const readerThread = await startReader(this.#folder, (answer) => {
      reader.take(answer);
    });
    const log = new EmbeddedLog({ queue, reader, maxAppendBytes, newId: randomUUID, head });
    const failed = Promise.race([writer.died, readerThread.died]).then((cause) => {
      queue.fail('The event store stopped working');
      reader.fail('The event store stopped working');
      void writer.terminate();
      void readerThread.terminate();
      return new PosthornError('PSH_EVENT_STORE_FAILED', cause.message, { cause });
    });
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await Promise.all([queue.close('The event store is closing'), reader.close('closing')]);
      await readerThread.close({ kind: 'close' });
      await writer.close({ kind: 'close' });
    };
    return { log, failed, close: () => (closing ??= close()) };
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new PosthornError(
      'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE',
      `${folder} cannot be created: ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function startWriter(
  options: WriterOptions,
  onAnswer: (answer: WriterAnswer) => void,
): Promise<{ thread: StoreThread<WriterCall, WriterAnswer>; head: number }> {
  const url = new URL('./log-writer.worker.js', import.meta.url);
  return new Promise((resolve, reject) => {
    const thread = new StoreThread<WriterCall, WriterAnswer>(url, options, (answer) => {
      if (answer.kind === 'ready') resolve({ thread, head: answer.head });
      else if (answer.kind === 'refused') {
        reject(new PosthornError(answer.refusal.code, answer.refusal.detail));
      } else onAnswer(answer);
    });
    void thread.died.then(reject);
  });
}

async function startReader(
  folder: string,
  onAnswer: (answer: ReaderAnswer) => void,
): Promise<StoreThread<ReaderCall, ReaderAnswer>> {
  const url = new URL('./log-reader.worker.js', import.meta.url);
  return new Promise((resolve, reject) => {
    const thread = new StoreThread<ReaderCall, ReaderAnswer>(url, { folder }, (answer) => {
      if (answer.kind === 'ready') resolve(thread);
      else onAnswer(answer);
    });
    void thread.died.then(reject);
  });
}
