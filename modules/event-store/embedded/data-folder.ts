import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { PosthornError } from '../../kernel/index.js';
import { lockFolder } from './folder-lock.js';
import { refusalFor } from './open-database.js';

/**
 * Makes this process the owner of a data folder that holds no event store, and creates the folder if there is none: what is
 * kept in it belongs to one process at a time all the same.
 * @returns gives it up
 * @throws PosthornError `PSH_EVENT_STORE_FOLDER_IN_USE`, `PSH_EVENT_STORE_FOLDER_NOT_WRITABLE`, `PSH_EVENT_STORE_DISK_FULL`
 */
export function ownFolder(folder: string, now: number): () => void {
  makeFolder(folder);
  try {
    const lock = lockFolder(folder, now);
    return () => {
      lock.close();
    };
  } catch (cause) {
    const refusal = refusalFor(cause, folder);
    throw refusal ? new PosthornError(refusal.code, refusal.detail, { cause }) : cause;
  }
}

/** @throws PosthornError `PSH_EVENT_STORE_FOLDER_NOT_WRITABLE` */
export function makeFolder(folder: string): void {
  try {
    const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (first !== undefined) persistFolders(dirname(first), folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PosthornError(
      'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE',
      `${folder} cannot be created: ${reason}`,
      { cause },
    );
  }
}

/** Makes sure that a power cut leaves the new folders where they are: from `top`, which was there, down to `folder`. */
function persistFolders(top: string, folder: string): void {
  for (let at = folder; at.length >= top.length; at = dirname(at)) {
    const descriptor = openSync(at, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
    if (at === top) return;
  }
}
