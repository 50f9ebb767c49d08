import type { Database, Statement } from 'better-sqlite3';
import type { ReadModelDatabase } from '../database.js';

/** Writes one row of a table. */
type RowWriter<Table extends keyof ReadModelDatabase> = (row: ReadModelDatabase[Table]) => void;

/**
 * Inserts whole rows into `table`. Parameters are bound by place, which takes two thirds of the time of names.
 *
 * @param onConflict what happens to a row with the same key that is there: `ABORT` fails, `REPLACE` replaces it
 */
export function inserter<Table extends keyof ReadModelDatabase>(
  db: Database,
  table: Table,
  onConflict: 'ABORT' | 'REPLACE' = 'ABORT',
): RowWriter<Table> {
  const columns = db
    .prepare<[string], { name: keyof ReadModelDatabase[Table] & string }>(
      'SELECT name FROM pragma_table_info(?)',
    )
    .all(table)
    .map(({ name }) => name);
  const places = columns.map(() => '?').join(', ');
  const insert = db.prepare(
    `INSERT OR ${onConflict} INTO ${table} (${columns.join(', ')}) VALUES (${places})`,
  );
  return writer(insert, columns);
}

/** Writes `columns` of a row of `table` that is there, found by its `key` column. */
export function updater<Table extends keyof ReadModelDatabase>(
  db: Database,
  table: Table,
  key: keyof ReadModelDatabase[Table] & string,
  columns: readonly (keyof ReadModelDatabase[Table] & string)[],
): RowWriter<Table> {
  const assignments = columns.map((column) => `${column} = ?`).join(', ');
  const update = db.prepare(`UPDATE ${table} SET ${assignments} WHERE ${key} = ?`);
  return writer(update, [...columns, key]);
}

/** One array serves every row: the statement has read it when `run` returns. */
function writer<Table extends keyof ReadModelDatabase>(
  statement: Statement,
  columns: readonly (keyof ReadModelDatabase[Table])[],
): RowWriter<Table> {
  const values: unknown[] = columns.map(() => null);
  return (row) => {
    let place = 0;
    for (const column of columns) values[place++] = row[column];
    statement.run(values);
  };
}
