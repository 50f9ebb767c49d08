import Database from 'better-sqlite3';
import { PROJECTIONS } from '../../projections/catalog.js';

/** Every row of every table of a read model, in the order of the keys. */
export function dumpTables(path: string): Record<string, unknown[]> {
  const db = new Database(path, { readonly: true });
  try {
    const tables = PROJECTIONS.flatMap((projection) => projection.tables);
    return Object.fromEntries(
      tables.map((table) => {
        const keys = db
          .prepare('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
          .pluck()
          .all(table) as string[];
        return [table, db.prepare(`SELECT * FROM ${table} ORDER BY ${keys.join(', ')}`).all()];
      }),
    );
  } finally {
    db.close();
  }
}
