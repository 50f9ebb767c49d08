import type { Database, Statement } from 'better-sqlite3';
import { nameHash } from './name-hash.js';
import { type Retention, SOFT_DELETED } from './stream-metadata.js';
import { isMetastream } from './system-names.js';

/** One row of `streams`. */
export interface StreamRow extends Retention {
  readonly id: number;
  readonly name: string;
  lastRevision: number;
  truncateBefore: number;
  maxCount: number;
  maxAgeS: number;
  isTombstoned: boolean;
}

export function isSoftDeleted(row: StreamRow | undefined): boolean {
  return row?.truncateBefore === SOFT_DELETED;
}

/** Whether every event of the stream can be read. */
export function isPlain(row: StreamRow): boolean {
  return row.truncateBefore === 0 && row.maxCount === 0 && row.maxAgeS === 0 && !row.isTombstoned;
}

/** The first revision that truncation leaves readable. Of a metastream only the last event can be read. */
export function firstReadable(row: StreamRow): number {
  if (isMetastream(row.name)) return row.lastRevision;
  const byCount = row.maxCount > 0 ? row.lastRevision - row.maxCount + 1 : 0;
  return Math.max(row.truncateBefore, byCount, 0);
}

/** Epoch milliseconds before which an event of the stream has expired. */
export function oldestReadable(row: StreamRow, now: number): number {
  return row.maxAgeS > 0 && !isMetastream(row.name) ? now - row.maxAgeS * 1_000 : -Infinity;
}

type RawRow = [number, string, number, number, number, number, number];

const COLUMNS = 'id, name, last_revision, truncate_before, max_count, max_age_s, is_tombstoned';

function toRow(raw: RawRow): StreamRow {
  const [id, name, lastRevision, truncateBefore, maxCount, maxAgeS, isTombstoned] = raw;
  return {
    id,
    name,
    lastRevision,
    truncateBefore,
    maxCount,
    maxAgeS,
    isTombstoned: isTombstoned !== 0,
  };
}

/** Finds rows of `streams`, each time in the file. */
export class StreamFinder {
  readonly #byHash: Statement<[number], RawRow>;
  readonly #byId: Statement<[number], RawRow>;

  constructor(database: Database) {
    this.#byHash = database
      .prepare<[number], RawRow>(`SELECT ${COLUMNS} FROM streams WHERE name_hash = ?`)
      .raw();
    this.#byId = database
      .prepare<[number], RawRow>(`SELECT ${COLUMNS} FROM streams WHERE id = ?`)
      .raw();
  }

  byName(name: string): StreamRow | undefined {
    const raw = this.#byHash.all(nameHash(name)).find(([, stored]) => stored === name);
    return raw && toRow(raw);
  }

  byId(id: number): StreamRow | undefined {
    const raw = this.#byId.get(id);
    return raw && toRow(raw);
  }
}

/**
 * The rows of `streams` as the writer sees them: those used last are kept, and changes are written once per transaction,
 * by `flush`. After a rollback `forget` must be called.
 */
export class StreamRows {
  readonly #finder: StreamFinder;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #capacity: number;
  #current = new Map<string, StreamRow>();
  #previous = new Map<string, StreamRow>();
  readonly #created = new Set<StreamRow>();
  readonly #changed = new Set<StreamRow>();
  #lastId: number;
  readonly #highestId: Statement<[], number | null>;

  /** @param capacity at least this many rows are kept, at most twice as many */
  constructor(database: Database, capacity = 16_384) {
    this.#finder = new StreamFinder(database);
    this.#capacity = capacity;
    this.#highestId = database.prepare<[], number | null>('SELECT max(id) FROM streams').pluck();
    this.#lastId = this.#highestId.get() ?? 0;
    this.#insert = database.prepare(
      `INSERT INTO streams (name_hash, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      `UPDATE streams SET last_revision = ?, truncate_before = ?, max_count = ?, max_age_s = ?,
       is_tombstoned = ? WHERE id = ?`,
    );
  }

  find(name: string): StreamRow | undefined {
    const cached = this.#current.get(name);
    if (cached) return cached;
    const row = this.#previous.get(name) ?? this.#finder.byName(name);
    if (row) this.#keep(row);
    return row;
  }

  create(name: string): StreamRow {
    const row: StreamRow = {
      id: ++this.#lastId,
      name,
      lastRevision: -1,
      truncateBefore: 0,
      maxCount: 0,
      maxAgeS: 0,
      isTombstoned: false,
    };
    this.#created.add(row);
    this.#keep(row);
    return row;
  }

  /** Notes that the row was changed. */
  touch(row: StreamRow): void {
    if (!this.#created.has(row)) this.#changed.add(row);
  }

  flush(): void {
    for (const row of this.#created) {
      this.#insert.run(nameHash(row.name), row.id, row.name, ...changeable(row));
    }
    for (const row of this.#changed) this.#update.run(...changeable(row), row.id);
    this.#created.clear();
    this.#changed.clear();
    if (this.#current.size > this.#capacity) {
      this.#previous = this.#current;
      this.#current = new Map();
    }
  }

  forget(): void {
    this.#created.clear();
    this.#changed.clear();
    this.#current.clear();
    this.#previous.clear();
    this.#lastId = this.#highestId.get() ?? 0;
  }

  #keep(row: StreamRow): void {
    this.#current.set(row.name, row);
  }
}

function changeable(row: StreamRow): number[] {
  return [
    row.lastRevision,
    row.truncateBefore,
    row.maxCount,
    row.maxAgeS,
    row.isTombstoned ? 1 : 0,
  ];
}
