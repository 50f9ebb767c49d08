import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { LogBatch } from './log-batch.js';
import type { Projection } from './projection.js';
import { ReadModelWriter } from './read-model-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-writer-'));
let files = 0;
let path = '';

beforeEach(() => {
  path = join(folder, `${files++}.sqlite`);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Counts events by type; an event of type `Bad` cannot be counted. */
function counting(name: string, version = 1): Projection {
  return {
    name,
    version,
    tables: [name],
    migrate: (db) => {
      db.exec(`CREATE TABLE ${name} (type TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT`);
    },
    prepare: (db) => {
      const add = db.prepare<[string]>(
        `INSERT INTO ${name} VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1`,
      );
      return () => {
        let applied = 0;
        return {
          apply: ({ type }) => {
            add.run(type);
            applied++;
            if (type === 'Bad') throw new Error('this one is bad');
          },
          flush: () => applied,
        };
      };
    },
  };
}

function batch(position: number, ...types: string[]): LogBatch {
  const first = position - types.length + 1;
  return {
    heads: types.map((type, index) => [first + index, 'delivery', 'a', index, type, 0]),
    data: JSON.stringify(types.map(() => ({}))),
    position,
  };
}

function countsIn(table: string): unknown {
  const db = new Database(path, { readonly: true });
  const rows = db.prepare(`SELECT type, count FROM ${table}`).all() as {
    type: string;
    count: number;
  }[];
  db.close();
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
}

describe('the writer of the read model', () => {
  it('begins before the first position, in a file that only its owner can read', () => {
    const writer = new ReadModelWriter(path, [counting('counted')]);
    expect(writer.where).toEqual({ position: -1, eventPosition: -1 });
    expect(writer.notes).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writer.apply(batch(2, 'A', 'A', 'B'));
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
    writer.close();
  });

  it('applies events and moves the checkpoint in one transaction', () => {
    const writer = new ReadModelWriter(path, [counting('counted')]);
    expect(writer.apply(batch(2, 'A', 'A', 'B'))).toEqual({
      kind: 'applied',
      outputs: { counted: 3 },
    });
    expect(() => writer.apply(batch(4, 'A', 'Bad'))).toThrow(
      expect.objectContaining({ code: 'PSH_PROJECTION_EVENT_REFUSED' }),
    );
    expect(writer.where).toEqual({ position: 2, eventPosition: 2 });
    writer.close();
    expect(countsIn('counted')).toEqual({ A: 2, B: 1 });
  });

  it('moves the checkpoint past a stretch without events of ours', () => {
    const writer = new ReadModelWriter(path, [counting('counted')]);
    writer.apply(batch(2, 'A'));
    writer.apply(batch(900));
    writer.close();
    expect(new ReadModelWriter(path, [counting('counted')]).where).toEqual({
      position: 900,
      eventPosition: 2,
    });
  });

  it('takes no event twice when a batch comes again', () => {
    const writer = new ReadModelWriter(path, [counting('counted')]);
    writer.apply(batch(2, 'A', 'B'));
    writer.apply(batch(3, 'A', 'B', 'C'));
    writer.apply(batch(3, 'A', 'B', 'C'));
    writer.close();
    expect(countsIn('counted')).toEqual({ A: 1, B: 1, C: 1 });
  });

  it('applies nothing when somebody else moved the checkpoint, and goes on from there', () => {
    const one = new ReadModelWriter(path, [counting('counted')]);
    const other = new ReadModelWriter(path, [counting('counted')]);
    one.apply(batch(2, 'A', 'B'));
    expect(other.apply(batch(2, 'A', 'B'))).toEqual({ kind: 'overtaken' });
    expect(other.where.position).toBe(2);
    other.apply(batch(3, 'C'));
    one.close();
    other.close();
    expect(countsIn('counted')).toEqual({ A: 1, B: 1, C: 1 });
  });

  it('rebuilds a projection whose version changed, and leaves the others alone', () => {
    const before = new ReadModelWriter(path, [counting('one'), counting('two')]);
    before.apply(batch(2, 'A', 'B'));
    before.close();
    const after = new ReadModelWriter(path, [counting('one', 2), counting('two')]);
    expect(after.notes).toEqual([expect.stringContaining('projection one is rebuilt')]);
    expect(after.where.position).toBe(-1);
    after.apply(batch(2, 'A', 'B'));
    after.apply(batch(3, 'C'));
    after.close();
    expect(countsIn('one')).toEqual({ A: 1, B: 1, C: 1 });
    expect(countsIn('two')).toEqual({ A: 1, B: 1, C: 1 });
  });

  it('deletes a file that is no database, and begins anew', () => {
    writeFileSync(
      path,
      'this is not a database, and longer than a header of one hundred bytes '.repeat(9),
    );
    const writer = new ReadModelWriter(path, [counting('counted')]);
    expect(writer.notes).toEqual(['the read model is rebuilt from the log: it is damaged']);
    writer.apply(batch(0, 'A'));
    writer.close();
    expect(countsIn('counted')).toEqual({ A: 1 });
  });

  it('deletes a file that a newer release wrote, and begins anew', () => {
    const db = new Database(path);
    db.pragma('user_version = 99');
    db.close();
    const writer = new ReadModelWriter(path, [counting('counted')]);
    expect(writer.notes).toEqual([expect.stringContaining('it has format 99')]);
    expect(writer.where.position).toBe(-1);
    writer.close();
  });
});
