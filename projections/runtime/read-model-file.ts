import { closeSync, openSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { PosthornError } from '../../modules/kernel/index.js';

/** Layout of the file itself, in `user_version`; the tables of each projection have versions of their own. */
const FILE_FORMAT = 1;

/** One transaction in so many pages of 4 KiB is moved from the write-ahead log to the file: 32 MiB. */
const WAL_PAGES = 8_192;

const WAL_BYTES_KEPT = 64 * 1024 * 1024;

/** Page cache of the writer in KiB. */
const CACHE_KIB = 64 * 1024;

const CHECKPOINTS = `
  CREATE TABLE IF NOT EXISTS projections (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    -- everything of ours up to here is in the tables; -1 when nothing is
    position INTEGER NOT NULL,
    -- the last event of ours that it took; -1 when it took none
    event_position INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`;

export interface OpenedFile {
  readonly db: Database.Database;
  /** Why the file that was there could not be used and was deleted; `null` when it could, or there was none. */
  readonly deleted: string | null;
}

/**
 * SQLite's code of an error, such as `SQLITE_FULL`; `undefined` when it is not SQLite's. Told by the code and not by the
 * class: a process may hold several copies of the class, and SQLite throws that of the first.
 */
export function sqliteCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined;
}

/** Whether SQLite says that the file is not, or no longer, a database. */
function isDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') === true;
}

/** What an error of SQLite means for who uses the read model; any other error as it is. */
export function storageError(error: unknown): unknown {
  const sqliteCode = sqliteCodeOf(error);
  if (sqliteCode === undefined) return error;
  const code = isDamage(error) ? 'PSH_PROJECTION_FILE_DAMAGED' : 'PSH_PROJECTION_UNAVAILABLE';
  const { message } = error as Error;
  return new PosthornError(code, `the read model's file: ${message} (${sqliteCode})`);
}

/** Deletes the file of the read model with what SQLite keeps beside it. It can always be rebuilt from the log. */
export function deleteReadModelFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

/**
 * Opens the file of the read model for writing, mode 0600; creates it if need be. A file that is damaged, or that a newer
 * release wrote, is deleted and begun anew: everything in it can be rebuilt from the log.
 */
export function openReadModelFile(path: string): OpenedFile {
  try {
    const db = openFile(path);
    const format = db.pragma('user_version', { simple: true }) as number;
    if (format <= FILE_FORMAT) return { db: prepared(db), deleted: null };
    db.close();
    return afresh(path, `it has format ${format}, this release knows ${FILE_FORMAT}`);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return afresh(path, 'it is damaged');
  }
}

function afresh(path: string, reason: string): OpenedFile {
  deleteReadModelFile(path);
  return { db: prepared(openFile(path)), deleted: reason };
}

function openFile(path: string): Database.Database {
  closeSync(openSync(path, 'a', 0o600)); // SQLite gives its companion files the mode of this one
  const db = new Database(path);
  try {
    db.pragma('busy_timeout = 5000');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
    db.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepared(db: Database.Database): Database.Database {
  db.exec(CHECKPOINTS);
  db.pragma(`user_version = ${FILE_FORMAT}`);
  return db;
}
