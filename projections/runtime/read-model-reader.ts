import Database from 'better-sqlite3';
import { storageError } from './read-model-file.js';

/** A query ready to run. */
export interface Sql {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Statements kept ready; the queries of Posthorn have fewer shapes than this. */
const MOST_STATEMENTS = 256;

/** Reads the tables, beside the writer and without ever holding it up. */
export class ReadModelReader {
  readonly #db: Database.Database;
  readonly #readAll: (queries: readonly Sql[]) => unknown[][];
  readonly #statements = new Map<string, Database.Statement>();

  /** @param path the SQLite file, which the writer has made */
  constructor(path: string) {
    this.#db = new Database(path, { readonly: true, fileMustExist: true });
    this.#db.pragma('busy_timeout = 5000');
    this.#readAll = this.#db.transaction((queries: readonly Sql[]) =>
      queries.map(({ sql, parameters }) => this.#statement(sql).all(...parameters)),
    );
  }

  /**
   * Runs the queries on one state of the tables.
   *
   * @returns the rows of each
   * @throws PosthornError `PSH_PROJECTION_FILE_DAMAGED`, `PSH_PROJECTION_UNAVAILABLE`
   */
  read(queries: readonly Sql[]): unknown[][] {
    try {
      return this.#readAll(queries);
    } catch (error) {
      throw storageError(error);
    }
  }

  close(): void {
    this.#db.close();
  }

  /** Oldest out first: `Map` keeps the order of insertion. */
  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (statement) return statement;
    if (this.#statements.size >= MOST_STATEMENTS) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
