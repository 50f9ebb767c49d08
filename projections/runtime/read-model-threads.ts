import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { PosthornError } from '../../modules/kernel/index.js';
import type { LogBatch } from './log-batch.js';
import type { WriterMethods } from './read-model.worker.js';
import { deleteReadModelFile } from './read-model-file.js';
import type { Sql } from './read-model-reader.js';
import type { ReaderMethods } from './read-model-reader.worker.js';
import type { Applied, TablesPosition } from './read-model-writer.js';
import { ThreadClient } from './thread-client.js';

/** Name of the file in the data folder. */
export const READ_MODEL_FILE = 'read-model.sqlite';

interface Threads {
  readonly writer: ThreadClient<WriterMethods>;
  reader: ThreadClient<ReaderMethods>;
}

/**
 * The thread that writes the tables and the thread that reads them: a long query holds up neither the writer nor the
 * event loop. They can be started again, also on a new file; reads wait for that.
 */
export class ReadModelThreads {
  readonly #logger = new Logger('ReadModel');
  readonly #folder: string;
  readonly #isTemporary: boolean;
  #threads: Promise<Threads>;

  /**
   * @param dataDir created if need be; `:memory:` for a folder that vanishes at the end
   * @throws PosthornError `PSH_PROJECTION_UNAVAILABLE` when there is no folder and none can be made
   */
  constructor(dataDir: string) {
    this.#isTemporary = dataDir === ':memory:';
    this.#folder = this.#isTemporary ? mkdtempSync(join(tmpdir(), 'posthorn-')) : made(dataDir);
    this.#threads = this.#start();
  }

  /** Resolves when the tables are open. @throws PosthornError `PSH_PROJECTION_UNAVAILABLE` */
  async opened(): Promise<void> {
    await this.#threads;
  }

  /** Where the tables are in the log. */
  async where(): Promise<TablesPosition> {
    return (await this.#threads).writer.call('where', undefined);
  }

  /** Ends both threads and starts them again; with `isAfresh` on an empty file. */
  async restart(isAfresh: boolean): Promise<void> {
    const before = this.#threads;
    this.#threads = this.#stop(before).then(() => {
      if (isAfresh) deleteReadModelFile(this.#path);
      return this.#start();
    });
    await this.#threads;
  }

  async apply(batch: LogBatch): Promise<Applied> {
    return (await this.#threads).writer.call('apply', batch);
  }

  /** Runs queries on one state of the tables. A reading thread that has died is replaced by a new one. */
  async read(queries: readonly Sql[]): Promise<unknown[][]> {
    const threads = await this.#threads;
    if (threads.reader.isDead) threads.reader = this.#startReader();
    return threads.reader.call('read', queries);
  }

  /** Ends both threads; nothing can be called any more. */
  async close(): Promise<void> {
    await this.#stop(this.#threads);
    if (this.#isTemporary) rmSync(this.#folder, { recursive: true, force: true });
  }

  get #path(): string {
    return join(this.#folder, READ_MODEL_FILE);
  }

  async #start(): Promise<Threads> {
    const workerData = { path: this.#path };
    const writer = new ThreadClient<WriterMethods>(
      new URL('./read-model.worker.js', import.meta.url),
      'posthorn-read-model-writer',
      workerData,
    );
    try {
      const notes = await writer.call('open', undefined);
      for (const note of notes) this.#logger.warn(note);
      return { writer, reader: this.#startReader() };
    } catch (error) {
      await writer.terminate();
      throw error;
    }
  }

  #startReader(): ThreadClient<ReaderMethods> {
    return new ThreadClient<ReaderMethods>(
      new URL('./read-model-reader.worker.js', import.meta.url),
      'posthorn-read-model-reader',
      { path: this.#path },
    );
  }

  async #stop(started: Promise<Threads>): Promise<void> {
    const threads = await started.catch(() => undefined); // it never started: there is nothing to end
    if (!threads) return;
    const { reader, writer } = threads;
    await reader.call('close', undefined).catch(() => undefined); // dead already: the same end
    await reader.terminate();
    await writer.call('close', undefined).catch(() => undefined);
    await writer.terminate();
  }
}

function made(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return dataDir;
  } catch (error) {
    const { message } = error as Error;
    throw new PosthornError('PSH_PROJECTION_UNAVAILABLE', `the data folder: ${message}`);
  }
}
