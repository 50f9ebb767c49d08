import type { Database, Statement } from 'better-sqlite3';
import type { StreamState } from './event-log.js';
import { parseLink } from './link-target.js';
import { FilterCache } from './log-filter.js';
import type { ReaderQuery, ReaderResult } from './reader-protocol.js';
import { encodeRecords, recordBytes, type StoredEntry, type StoredRecord } from './record-codec.js';
import {
  firstReadable,
  isSoftDeleted,
  oldestReadable,
  StreamFinder,
  type StreamRow,
} from './stream-rows.js';
import { isMetastream, LINK_TYPE, originalOf } from './system-names.js';

/** A page ends after the record with which it reaches this size. */
const PAGE_BYTES = 256 * 1024;

/** Most revisions that one page looks at to find events that have not expired. */
const AGE_WINDOW = 4_096;

const NAMES_KEPT = 16_384;

type Head = [position: number, streamId: number, type: string];
type Row = [...Head, number, Buffer, number, number, Buffer, Buffer];

/** What a filter judges; the content is fetched only of what it lets through. */
const HEAD = 'position, stream_id, type';
const COLUMNS = `${HEAD}, revision, event_id, is_json, created, data, metadata`;

type StreamQuery = Extract<ReaderQuery, { kind: 'stream' }>;
type AllQuery = Extract<ReaderQuery, { kind: 'all' }>;

/** Reads pages of a store, each within one snapshot. Synchronous; runs in the reader thread. */
export class LogReader {
  readonly #finder: StreamFinder;
  readonly #streamForwards: Statement<[number, number, number], Row>;
  readonly #streamBackwards: Statement<[number, number, number], Row>;
  readonly #allForwards: Statement<[number, number], Row>;
  readonly #allBackwards: Statement<[number, number], Row>;
  readonly #headsForwards: Statement<[number, number], Head>;
  readonly #headsBackwards: Statement<[number, number], Head>;
  readonly #atPosition: Statement<[number], Row>;
  readonly #atRevision: Statement<[number, number], Row>;
  readonly #begin: Statement;
  readonly #end: Statement;
  #names = new Map<number, string>();
  readonly #filters = new FilterCache();
  #now = 0;

  constructor(database: Database) {
    this.#finder = new StreamFinder(database);
    const rows = <Parameters extends unknown[]>(sql: string): Statement<Parameters, Row> =>
      database.prepare<Parameters, Row>(sql).raw();
    this.#streamForwards = rows(
      `SELECT ${COLUMNS} FROM events WHERE stream_id = ? AND revision >= ? AND revision <= ?
       ORDER BY revision`,
    );
    this.#streamBackwards = rows(
      `SELECT ${COLUMNS} FROM events WHERE stream_id = ? AND revision >= ? AND revision <= ?
       ORDER BY revision DESC`,
    );
    this.#atPosition = rows(`SELECT ${COLUMNS} FROM events WHERE position = ?`);
    this.#atRevision = rows(`SELECT ${COLUMNS} FROM events WHERE stream_id = ? AND revision = ?`);
    const forwards = 'FROM events WHERE position >= ? AND position <= ? ORDER BY position';
    const backwards = 'FROM events WHERE position < ? AND position <= ? ORDER BY position DESC';
    this.#allForwards = rows(`SELECT ${COLUMNS} ${forwards}`);
    this.#allBackwards = rows(`SELECT ${COLUMNS} ${backwards}`);
    this.#headsForwards = database
      .prepare<[number, number], Head>(`SELECT ${HEAD} ${forwards}`)
      .raw();
    this.#headsBackwards = database
      .prepare<[number, number], Head>(`SELECT ${HEAD} ${backwards}`)
      .raw();
    this.#begin = database.prepare('BEGIN');
    this.#end = database.prepare('COMMIT');
  }

  /** @param now epoch milliseconds: decides what has expired */
  read(query: ReaderQuery, now: number): ReaderResult {
    this.#now = now;
    this.#begin.run();
    try {
      if (query.kind === 'stream') return this.#readStream(query);
      if (query.kind === 'all') return this.#readAll(query);
      return { kind: 'link', records: encodeRecords([this.#target(query.data)]) };
    } finally {
      this.#end.run();
    }
  }

  #readStream(query: StreamQuery): ReaderResult {
    const row = this.#finder.byName(query.stream);
    const state = this.#stateOf(query.stream, row);
    if (!row || state !== 'present') {
      const records = encodeRecords([]);
      return { kind: 'stream', state, lastRevision: row?.lastRevision ?? -1, next: null, records };
    }
    const { entries, next } = this.#streamEntries(query, row);
    return {
      kind: 'stream',
      state,
      lastRevision: row.lastRevision,
      next,
      records: encodeRecords(entries),
    };
  }

  #stateOf(stream: string, row: StreamRow | undefined): StreamState {
    const isTombstoned =
      row?.isTombstoned === true ||
      (isMetastream(stream) && this.#finder.byName(originalOf(stream))?.isTombstoned === true);
    if (isTombstoned) return 'tombstoned';
    return !row || row.lastRevision < 0 || isSoftDeleted(row) ? 'missing' : 'present';
  }

  #streamEntries(
    query: StreamQuery,
    row: StreamRow,
  ): { entries: StoredEntry[]; next: number | null } {
    const first = firstReadable(row);
    const last = row.lastRevision;
    const from = Math.min(query.from ?? last, last + 1);
    const rows = query.isForwards
      ? this.#streamForwards.iterate(row.id, Math.max(from, first), last)
      : this.#streamBackwards.iterate(row.id, first, from);
    const oldest = oldestReadable(row, this.#now);
    const page = new Page(query.limit);
    let considered = 0;
    for (const raw of rows) {
      const record = toRecord(raw, row.name);
      if (record.created >= oldest) page.add(this.#resolved(record, query.resolveLinks));
      if (page.isFull || ++considered >= AGE_WINDOW) {
        const next = record.revision + (query.isForwards ? 1 : -1);
        const isEnd = query.isForwards ? next > last : next < first;
        return { entries: page.entries, next: isEnd ? null : next };
      }
    }
    return { entries: page.entries, next: null };
  }

  #readAll(query: AllQuery): ReaderResult {
    const matches = this.#filters.get(query.filter);
    const { isForwards, from, head } = query;
    const page = new Page(query.limit);
    let considered = 0;
    let next = isForwards ? Math.max(from, head + 1) : 1;
    let isEnd = true;
    for (const row of this.#allRows(query)) {
      const [position, streamId, type] = row;
      const stream = this.#nameOf(streamId);
      considered++;
      if (matches(stream, type)) page.add(this.#entryOf(row, stream, query.resolveLinks));
      if (page.isFull || considered >= query.searchWindow) {
        next = isForwards ? position + 1 : position;
        isEnd = isForwards && position >= head;
        break;
      }
    }
    return { kind: 'all', next, isEnd, considered, records: encodeRecords(page.entries) };
  }

  #allRows({ isForwards, from, head, filter }: AllQuery): Iterable<Row | Head> {
    if (filter)
      return (isForwards ? this.#headsForwards : this.#headsBackwards).iterate(from, head);
    return (isForwards ? this.#allForwards : this.#allBackwards).iterate(from, head);
  }

  #entryOf(row: Row | Head, stream: string, resolveLinks: boolean): StoredEntry {
    const full = row.length === 3 ? this.#atPosition.get(row[0]) : row;
    return full ? this.#resolved(toRecord(full, stream), resolveLinks) : {};
  }

  #resolved(record: StoredRecord, resolveLinks: boolean): StoredEntry {
    if (!resolveLinks || record.type !== LINK_TYPE) return { event: record };
    if (parseLink(record.data).kind === 'not-a-link') return { event: record };
    return { ...this.#target(record.data), link: record };
  }

  /** The event that a link points at, if it can be read. */
  #target(data: Uint8Array): StoredEntry {
    const target = parseLink(data);
    if (target.kind !== 'event') return {};
    const row = this.#finder.byName(target.stream);
    if (!row || this.#stateOf(target.stream, row) !== 'present') return {};
    if (target.revision < firstReadable(row)) return {};
    const raw = this.#atRevision.get(row.id, target.revision);
    if (!raw) return {};
    const event = toRecord(raw, row.name);
    return event.created < oldestReadable(row, this.#now) ? {} : { event };
  }

  #nameOf(streamId: number): string {
    const known = this.#names.get(streamId);
    if (known !== undefined) return known;
    const name = this.#finder.byId(streamId)?.name ?? '';
    if (this.#names.size >= NAMES_KEPT) this.#names = new Map();
    this.#names.set(streamId, name);
    return name;
  }
}

/** The entries of a page, until it has as many or as many bytes as a page may have. */
class Page {
  readonly entries: StoredEntry[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.entries.length >= this.#limit || this.#bytes >= PAGE_BYTES;
  }

  add(entry: StoredEntry): void {
    this.entries.push(entry);
    if (entry.event) this.#bytes += recordBytes(entry.event);
    if (entry.link) this.#bytes += recordBytes(entry.link);
  }
}

function toRecord(raw: Row, stream: string): StoredRecord {
  const [position, , type, revision, id, isJson, created, data, metadata] = raw;
  return { position, stream, revision, id, type, isJson, created, data, metadata };
}
