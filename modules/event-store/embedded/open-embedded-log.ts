import { resolve } from 'node:path';
import { type Clock, PosthornError, SystemClock } from '../../kernel/index.js';
import { makeFolder } from './data-folder.js';
import { OpenLog, type ReaderThread, type WriterThread } from './open-log.js';
import { StoreThread } from './store-thread.js';
import type { WriterOptions } from './writer-protocol.js';

export type { OpenLog };

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

/**
 * Opens the log in `dataDir`, and creates it if there is none.
 *
 * What was acknowledged before a crash, kill or power cut is there; what was not is there entirely or not at all.
 * @throws PosthornError `PSH_EVENT_STORE_FOLDER_IN_USE`, `PSH_EVENT_STORE_FOLDER_NOT_WRITABLE`,
 * `PSH_EVENT_STORE_DISK_FULL`, `PSH_EVENT_STORE_NEWER_FORMAT`, `PSH_EVENT_STORE_CORRUPT`
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<OpenLog> {
  const folder = resolve(options.dataDir);
  const clock = options.clock ?? new SystemClock();
  const { maxPages, maxAppendBytes = DEFAULT_MAX_APPEND_BYTES } = options;
  makeFolder(folder);
  const { writer, head } = await startWriter({
    folder,
    now: clock.now(),
    ...(maxPages !== undefined && { maxPages }),
  });
  try {
    const reader = await startReader(folder);
    return new OpenLog({ writer, reader, clock, maxAppendBytes, head });
  } catch (error) {
    await writer.terminate();
    throw error;
  }
}

async function startWriter(
  options: WriterOptions,
): Promise<{ readonly writer: WriterThread; readonly head: number }> {
  const url = new URL('./log-writer.worker.js', import.meta.url);
  const writer: WriterThread = new StoreThread(url, options);
  const answer = await writer.firstAnswer;
  if (answer.kind === 'ready') return { writer, head: answer.head };
  await writer.terminate();
  if (answer.kind === 'refused') {
    throw new PosthornError(answer.refusal.code, answer.refusal.detail);
  }
  throw new PosthornError('PSH_KERNEL_INTERNAL');
}

async function startReader(folder: string): Promise<ReaderThread> {
  const url = new URL('./log-reader.worker.js', import.meta.url);
  const reader: ReaderThread = new StoreThread(url, { folder });
  await reader.firstAnswer;
  return reader;
}
