import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import {
  type BatchMessage,
  BatchReader,
  type BatchResult,
  IS_PLAIN,
  OUTCOME_WIDTH,
} from './batch.js';
import { RequestWriter } from './request-writer.js';

/**
 * The only writer of a store: applies batches, all that are given together in one transaction. Synchronous; runs in the
 * writer thread.
 */
export class LogWriter {
  readonly #database: Database;
  readonly #requests: RequestWriter;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#requests = new RequestWriter(database);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
  }

  /** Position of the last committed record. */
  get head(): number {
    return this.#requests.head;
  }

  /**
   * Applies the batches in one transaction that is on disk when this returns. If the disk is full nothing of them is kept.
   * Any other failure of the file is thrown: then only a restart tells what was kept.
   */
  apply(messages: readonly BatchMessage[]): BatchResult[] {
    try {
      this.#begin.run();
      const results = messages.map((message) => this.#applyBatch(message));
      this.#requests.flush();
      this.#commit.run();
      return results;
    } catch (error) {
      const message = refusalOf(error);
      if (message === undefined) throw error;
      if (this.#database.inTransaction) this.#rollback.run();
      this.#requests.rolledBack();
      return messages.map(() => ({ kind: 'refused', message }));
    }
  }

  #applyBatch({ now, count, ...message }: BatchMessage): BatchResult {
    const reader = new BatchReader(message);
    const outcomes = new Float64Array(count * OUTCOME_WIDTH);
    const consequences = this.#requests.beginBatch(now);
    for (let index = 0; index < count; index++) {
      reader.nextRequest();
      const outcome = this.#requests.carryOut(reader, index);
      const at = index * OUTCOME_WIDTH;
      outcomes[at] = outcome.code;
      outcomes[at + 1] = outcome.revision;
      outcomes[at + 2] = outcome.position;
      outcomes[at + 3] = outcome.isPlain ? IS_PLAIN : 0;
    }
    return { kind: 'committed', outcomes, consequences };
  }
}

/** Failures after which SQLite has kept nothing of the transaction and may succeed another time. */
const REFUSALS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'The disk of the event store is full',
  SQLITE_BUSY: 'Another process is writing to the file of the event store',
};

/** Why nothing of a transaction was kept; `undefined` if it is not known what was kept. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof SqliteDatabase.SqliteError ? REFUSALS[error.code] : undefined;
}
