import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { APPLICATION_ID, FORMAT_VERSION, META, SCHEMA } from './schema.js';

/** Name of the file that holds the log. */
const LOG_FILE = 'event-store.db';

/** Stores up to this size are checked entirely when they are opened. */
const FULL_CHECK_BYTES = 64 * 1024 * 1024;

/** The WAL is moved into the file when it has grown to so many pages (16 MiB). */
const CHECKPOINT_PAGES = 4_096;

/** Why a store cannot be opened, in words that travel between threads. */
export interface Refusal {
  readonly code:
    | 'PSH_EVENT_STORE_FOLDER_IN_USE'
    | 'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE'
    | 'PSH_EVENT_STORE_DISK_FULL'
    | 'PSH_EVENT_STORE_NEWER_FORMAT'
    | 'PSH_EVENT_STORE_CORRUPT';
  readonly detail: string;
}

/** Thrown in the writer thread; its owner makes a `PosthornError` of it. */
export class OpenRefused extends Error {
  override readonly name = 'OpenRefused';
  readonly refusal: Refusal;

  constructor(code: Refusal['code'], detail: string) {
    super(detail);
    this.refusal = { code, detail };
  }
}

/**
 * Opens the log of `folder` for writing, and creates it if there is none.
 * @param maxPages most pages that the file may have; default: no limit
 * @throws OpenRefused if the file is from a newer version, or the store of something else; SQLite's own errors
 */
export function openForWriting(folder: string, maxPages?: number): Database {
  const path = join(folder, LOG_FILE);
  createPrivateFile(path);
  const database = new SqliteDatabase(path);
  try {
    prepare(database, path);
    if (maxPages !== undefined) database.pragma(`max_page_count = ${String(maxPages)}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the log of `folder` for reading, beside its writer. */
export function openForReading(folder: string): Database {
  const database = new SqliteDatabase(join(folder, LOG_FILE), { readonly: true });
  database.pragma('busy_timeout = 5000');
  return database;
}

/** Why the owner of a folder is told that it cannot be used; `undefined` for a failure that explains nothing. */
export function refusalFor(error: unknown, folder: string): Refusal | undefined {
  if (error instanceof OpenRefused) return error.refusal;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string') return undefined;
  const detail = `${folder}: ${String(message)}`;
  if (DAMAGES.test(code)) return { code: 'PSH_EVENT_STORE_CORRUPT', detail };
  if (FULL_DISKS.test(code)) return { code: 'PSH_EVENT_STORE_DISK_FULL', detail };
  if (OBSTACLES.test(code)) return { code: 'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE', detail };
  return undefined;
}

const DAMAGES = /^SQLITE_(NOTADB|CORRUPT)/;
const FULL_DISKS = /^(SQLITE_FULL|ENOSPC|EDQUOT)$/;
const OBSTACLES = /^(SQLITE_(CANTOPEN|READONLY|PERM)|E(ACCES|PERM|ROFS|NOTDIR|ISDIR)$)/;

/** SQLite gives its other files the mode of this one. The new name is on disk when this returns. */
function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

function prepare(database: Database, path: string): void {
  const isEmpty = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  if (isEmpty) database.pragma('auto_vacuum = INCREMENTAL');
  else verifyFormat(database, path);
  if (database.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    throw new OpenRefused(
      'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE',
      `${path} stands on a file system without shared memory, which a write-ahead log needs`,
    );
  }
  database.pragma('synchronous = FULL');
  database.pragma(`wal_autocheckpoint = ${String(CHECKPOINT_PAGES)}`);
  database.pragma('journal_size_limit = 67108864');
  database.pragma('cache_size = -65536');
  if (isEmpty) create(database);
  else if (statSync(path).size <= FULL_CHECK_BYTES) verifyContent(database, path);
}

function create(database: Database): void {
  database.transaction(() => {
    database.pragma(`application_id = ${String(APPLICATION_ID)}`);
    database.exec(SCHEMA);
    const insert = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
    insert.run(META.formatVersion, FORMAT_VERSION);
    insert.run(META.storeId, randomUUID());
  })();
}

function verifyFormat(database: Database, path: string): void {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new OpenRefused('PSH_EVENT_STORE_CORRUPT', `${path} is a database of something else`);
  }
  const version = database
    .prepare('SELECT value FROM meta WHERE key = ?')
    .pluck()
    .get(META.formatVersion);
  if (typeof version !== 'number') {
    throw new OpenRefused('PSH_EVENT_STORE_CORRUPT', `${path} does not say which format it has`);
  }
  if (version > FORMAT_VERSION) {
    throw new OpenRefused(
      'PSH_EVENT_STORE_NEWER_FORMAT',
      `${path} has format ${version}; this version of Posthorn knows formats up to ${FORMAT_VERSION}`,
    );
  }
}

function verifyContent(database: Database, path: string): void {
  const verdict = database.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') {
    throw new OpenRefused('PSH_EVENT_STORE_CORRUPT', `${path}: ${String(verdict)}`);
  }
}
