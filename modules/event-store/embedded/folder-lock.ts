import { hostname } from 'node:os';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { OpenRefused } from './open-database.js';

const LOCK_FILE = 'owner.db';

/**
 * Makes this process the owner of `folder`, until the returned database is closed or the process ends in whatever way: the
 * lock is the reserved lock of a small database, which the operating system takes back from the dead. It leaves the
 * database readable, so that who comes second can be told who was first.
 * @throws OpenRefused if another owner is alive
 */
export function lockFolder(folder: string, since: number): Database {
  const path = join(folder, LOCK_FILE);
  createPrivately(path);
  const database = new SqliteDatabase(path, { timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE');
    database.exec('DROP TABLE IF EXISTS owner; CREATE TABLE owner (pid, host, since)');
    database
      .prepare('INSERT INTO owner VALUES (?, ?, ?)')
      .run(process.pid, hostname(), new Date(since).toISOString());
    database.exec('COMMIT; BEGIN IMMEDIATE');
    return database;
  } catch (error) {
    const refusal = isBusy(error) ? refusalOf(database, folder) : error;
    database.close();
    throw refusal;
  }
}

/**
 * Creates the file if there is none. One that exists is not even opened: closing it would free the lock that this process
 * may hold on it, because the locks of POSIX belong to the process.
 */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof SqliteDatabase.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

function refusalOf(database: Database, folder: string): OpenRefused {
  return new OpenRefused(
    'PSH_EVENT_STORE_FOLDER_IN_USE',
    `${folder} is owned by ${ownerOf(database)}`,
  );
}

function ownerOf(database: Database): string {
  try {
    const owner = database
      .prepare<[], [number, string, string]>('SELECT pid, host, since FROM owner')
      .raw()
      .get();
    if (owner) return `process ${owner[0]} on ${owner[1]} since ${owner[2]}`;
  } catch {
    // the other process is just writing who it is
  }
  return 'another process that is just starting';
}
