import { hash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import type { DeliveryRow, DeliverySegmentRow } from './deliveries.schema.js';

/** Deliveries in one segment. */
const SEGMENT_SIZE = 32_768;

/** What deliveries can be found by that has no order of its own. */
export type LookupKind = 'id' | 'event' | 'stream';

/** The key of a text: 48 bits of its hash, so that who finds a delivery by it still compares the text. */
export function lookupKey(kind: LookupKind, text: string): number {
  return Number.parseInt(hash('sha1', `${kind}:${text}`).slice(0, 12), 16);
}

/**
 * Finds deliveries by id, event id and stream.
 *
 * These have no order in time, so an index over all of them would be written all over, at the price of one page of disk
 * for every entry once it has outgrown the memory. Deliveries are therefore cut into segments of consecutive ones, each
 * with an index of its own: only that of the newest is written, and it is small. Who looks something up asks each
 * segment, newest first, which costs one short descent for every 32,768 deliveries.
 *
 * The segments also know the times they span, so a time becomes a range of `seq`.
 */
export class DeliveryLookup {
  readonly #newest: Statement<[], DeliverySegmentRow>;
  readonly #findOpen: Statement<[string], DeliveryRow>;
  readonly #find: Statement<[number, string], DeliveryRow>;
  readonly #saveSegment: Statement<[DeliverySegmentRow]>;
  readonly #saveKey: Statement<[number, number, number]>;

  constructor(db: Database) {
    this.#newest = db.prepare('SELECT * FROM delivery_segments ORDER BY segment DESC LIMIT 1');
    this.#findOpen = db.prepare('SELECT * FROM deliveries WHERE id = ? AND completed_at IS NULL');
    this.#find = db.prepare(`
      SELECT d.* FROM delivery_segments s
      CROSS JOIN delivery_lookups l ON l.segment = s.segment AND l.key = ?
      CROSS JOIN deliveries d ON d.seq = l.delivery_seq AND d.id = ?
      ORDER BY s.segment DESC LIMIT 1`);
    this.#saveSegment = db.prepare(
      'INSERT OR REPLACE INTO delivery_segments ' +
        'VALUES (@segment, @size, @first_seq, @last_seq, @earliest_created_at, @latest_created_at)',
    );
    this.#saveKey = db.prepare('INSERT INTO delivery_lookups VALUES (?, ?, ?)');
  }

  /**
   * The delivery with this id; its row is the caller's to change. Open ones, of which there are few and to which nearly
   * everything happens, have an index of their own.
   */
  find(id: string): DeliveryRow | undefined {
    return this.#findOpen.get(id) ?? this.#find.get(lookupKey('id', id), id);
  }

  /** Makes new deliveries findable. @param rows in the order of their `seq`, all above those before */
  add(rows: readonly DeliveryRow[]): void {
    let segment = this.#newest.get();
    for (const row of rows) {
      if (!segment || segment.size >= SEGMENT_SIZE) {
        if (segment) this.#saveSegment.run(segment);
        segment = firstOf((segment?.segment ?? -1) + 1, row);
      }
      segment.size += 1;
      segment.last_seq = row.seq;
      segment.earliest_created_at = Math.min(segment.earliest_created_at, row.created_at);
      segment.latest_created_at = Math.max(segment.latest_created_at, row.created_at);
      this.#saveKey.run(segment.segment, lookupKey('id', row.id), row.seq);
      this.#saveKey.run(segment.segment, lookupKey('event', row.event_id), row.seq);
      this.#saveKey.run(segment.segment, lookupKey('stream', row.stream), row.seq);
    }
    if (segment && rows.length > 0) this.#saveSegment.run(segment);
  }
}

function firstOf(segment: number, row: DeliveryRow): DeliverySegmentRow {
  return {
    segment,
    size: 0,
    first_seq: row.seq,
    last_seq: row.seq,
    earliest_created_at: row.created_at,
    latest_created_at: row.created_at,
  };
}
