import type { Database, Statement } from 'better-sqlite3';
import { TOMBSTONE_REVISION } from './event-log.js';
import { firstReadable, StreamFinder, type StreamRow } from './stream-rows.js';
import { isMetastream, originalOf } from './system-names.js';

/** Rows of `streams` that one step looks at. */
const STREAMS_PER_STEP = 2_048;

/** Events that one step removes at most. */
const EVENTS_PER_STEP = 1_000;

/** Pages that one step gives back to the file system at most. */
const PAGES_PER_STEP = 1_000;

/** Where a scavenge stands; opaque to its owner. */
export interface ScavengeCursor {
  readonly phase: 'remove' | 'shrink' | 'done';
  /** Every stream below this id is done. */
  readonly streamId: number;
}

export const SCAVENGE_START: ScavengeCursor = { phase: 'remove', streamId: 1 };

/** What one step did. */
export interface ScavengeStep {
  readonly cursor: ScavengeCursor;
  readonly eventsRemoved: number;
  readonly bytesReclaimed: number;
  /** How many streams there are, and how many are done: for those who watch. */
  readonly streams: number;
}

/**
 * Removes events that no reader can see in their stream any more, step by step: truncated, surplus, expired, and those of
 * tombstoned streams, of which only the tombstone stays. The last event of a stream stays until the stream is tombstoned,
 * as in EventStoreDB; so the last record of the log stays too, and no position is ever given twice. Then it shrinks the
 * file.
 */
export class Scavenger {
  readonly #database: Database;
  readonly #finder: StreamFinder;
  readonly #candidates: Statement<[number, number], number>;
  readonly #highestId: Statement<[], number | null>;
  readonly #removeBelow: Statement<[number, number, number]>;
  readonly #removeExpired: Statement<[number, number, number, number]>;

  constructor(database: Database) {
    this.#database = database;
    this.#finder = new StreamFinder(database);
    this.#candidates = database
      .prepare<[number, number], number>(
        `SELECT id FROM streams WHERE id >= ? AND id < ? AND (truncate_before > 0 OR max_count > 0
         OR max_age_s > 0 OR is_tombstoned <> 0 OR substr(name, 1, 2) = '$$') ORDER BY id`,
      )
      .pluck();
    this.#highestId = database.prepare<[], number | null>('SELECT max(id) FROM streams').pluck();
    this.#removeBelow = database.prepare(
      'DELETE FROM events WHERE stream_id = ? AND revision < ? LIMIT ?',
    );
    // from the oldest on, and only as far as events lie in one row: what is not expired ends it
    this.#removeExpired = database.prepare(
      `DELETE FROM events WHERE position IN (
         SELECT position FROM events WHERE stream_id = ? AND revision < ? ORDER BY revision LIMIT ?
       ) AND created < ?`,
    );
  }

  /**
   * Does one step, in a transaction of its own.
   * @param now epoch milliseconds
   */
  step(cursor: ScavengeCursor, now: number): ScavengeStep {
    return cursor.phase === 'remove' ? this.#remove(cursor, now) : this.#shrink(cursor);
  }

  #remove(cursor: ScavengeCursor, now: number): ScavengeStep {
    const from = cursor.streamId;
    const streams = this.#highestId.get() ?? 0;
    let room = EVENTS_PER_STEP;
    let next = from + STREAMS_PER_STEP;
    this.#database.transaction(() => {
      for (const id of this.#candidates.all(from, next)) {
        room -= this.#removeFrom(id, room, now);
        if (room > 0) continue;
        next = id; // it may have more
        break;
      }
    })();
    const phase = next > streams && room > 0 ? 'shrink' : 'remove';
    return {
      cursor: { phase, streamId: next },
      eventsRemoved: EVENTS_PER_STEP - room,
      bytesReclaimed: 0,
      streams,
    };
  }

  #removeFrom(id: number, room: number, now: number): number {
    const row = this.#finder.byId(id);
    if (!row) return 0;
    const below = this.#removableBelow(row);
    const surplus = this.#removeBelow.run(id, below, room).changes;
    if (row.maxAgeS === 0 || isMetastream(row.name) || surplus === room) return surplus;
    const oldest = now - row.maxAgeS * 1_000;
    return surplus + this.#removeExpired.run(id, row.lastRevision, room - surplus, oldest).changes;
  }

  #removableBelow(row: StreamRow): number {
    if (row.isTombstoned) return TOMBSTONE_REVISION;
    const isOrphan =
      isMetastream(row.name) && this.#finder.byName(originalOf(row.name))?.isTombstoned === true;
    return isOrphan ? row.lastRevision + 1 : Math.min(firstReadable(row), row.lastRevision);
  }

  #shrink(cursor: ScavengeCursor): ScavengeStep {
    const before = this.#pages();
    this.#database.pragma(`incremental_vacuum(${String(PAGES_PER_STEP)})`);
    const pages = before - this.#pages();
    return {
      cursor: pages > 0 ? cursor : { ...cursor, phase: 'done' },
      eventsRemoved: 0,
      bytesReclaimed: pages * (this.#database.pragma('page_size', { simple: true }) as number),
      streams: this.#highestId.get() ?? 0,
    };
  }

  #pages(): number {
    return this.#database.pragma('page_count', { simple: true }) as number;
  }
}
