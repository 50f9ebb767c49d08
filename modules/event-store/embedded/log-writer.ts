import { randomUUID } from 'node:crypto';
import SqliteDatabase, { type Database, type Statement } from 'better-sqlite3';
import {
  type BatchMessage,
  BatchReader,
  type BatchResult,
  type ConsequentRecord,
  IS_PLAIN,
  OUTCOME,
  OUTCOME_WIDTH,
} from './batch.js';
import { type LogRecord, TOMBSTONE_REVISION } from './event-log.js';
import {
  judgeAppend,
  type ProposedIds,
  type StreamStanding,
  type Verdict,
} from './expected-revision.js';
import { RecentIds } from './recent-ids.js';
import {
  NO_RETENTION,
  parseRetention,
  type Retention,
  SOFT_DELETE_METADATA,
  withTruncateBefore,
} from './stream-metadata.js';
import {
  firstReadable,
  isPlain,
  isSoftDeleted,
  oldestReadable,
  type StreamRow,
  StreamRows,
} from './stream-rows.js';
import {
  isMetastream,
  METADATA_TYPE,
  metastreamOf,
  originalOf,
  STREAM_DELETED_TYPE,
} from './system-names.js';
import { readUuid, UUID_BYTES, writeUuid } from './uuid-bytes.js';

/** So many of the newest events are recognised as retries after a start. */
const WARM_IDS = 16_384;

const NOTHING = Buffer.alloc(0);

interface Outcome {
  readonly code: number;
  readonly revision: number;
  readonly position: number;
}

/**
 * The only writer of a store: applies batches, all that are given together in one transaction. Synchronous; runs in the
 * writer thread.
 */
export class LogWriter {
  readonly #database: Database;
  readonly #rows: StreamRows;
  readonly #recentIds = new RecentIds();
  readonly #insertEvent: Statement;
  readonly #idAt: Statement<[number, number], Buffer>;
  readonly #placeOf: Statement<[number, number], [number, number]>;
  readonly #lastMetadata: Statement<[number, number], [Buffer, number]>;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  #head: number;
  #committedHead: number;
  #now = 0;
  #consequences: ConsequentRecord[] = [];
  #requestIndex = 0;

  constructor(database: Database) {
    this.#database = database;
    this.#rows = new StreamRows(database);
    this.#insertEvent = database.prepare(
      `INSERT INTO events (position, stream_id, revision, event_id, type, is_json, created, data, metadata)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#idAt = database
      .prepare<[number, number], Buffer>(
        'SELECT event_id FROM events WHERE stream_id = ? AND revision = ?',
      )
      .pluck();
    this.#placeOf = database
      .prepare<[number, number], [number, number]>(
        'SELECT position, created FROM events WHERE stream_id = ? AND revision = ?',
      )
      .raw();
    this.#lastMetadata = database
      .prepare<[number, number], [Buffer, number]>(
        'SELECT data, is_json FROM events WHERE stream_id = ? AND revision = ?',
      )
      .raw();
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#head = this.#committedHead = readHead(database);
    this.#warm();
  }

  /** Position of the last committed record. */
  get head(): number {
    return this.#committedHead;
  }

  /**
   * Applies the batches in one transaction that is on disk when this returns. If the disk is full nothing of them is kept.
   * Any other failure of the file is thrown: then only a restart tells what was kept.
   */
  apply(messages: readonly BatchMessage[]): BatchResult[] {
    try {
      this.#begin.run();
      const results = messages.map((message) => this.#applyBatch(message));
      this.#rows.flush();
      this.#commit.run();
      this.#committedHead = this.#head;
      return results;
    } catch (error) {
      const message = refusalOf(error);
      if (message === undefined) throw error;
      this.#undo();
      return messages.map(() => ({ kind: 'refused', message }));
    }
  }

  #undo(): void {
    if (this.#database.inTransaction) this.#rollback.run();
    this.#head = this.#committedHead;
    this.#rows.forget();
    this.#recentIds.clear();
    this.#warm();
  }

  /** Adds the newest events, oldest first, so that the first writer of an id keeps it. */
  #warm(): void {
    const newest = this.#database
      .prepare<[number], [Buffer, number, number]>(
        'SELECT event_id, stream_id, revision FROM events ORDER BY position DESC LIMIT ?',
      )
      .raw()
      .all(WARM_IDS);
    for (const [id, streamId, revision] of newest.reverse()) {
      this.#recentIds.add(id, streamId, revision);
    }
  }

  #applyBatch(message: BatchMessage): BatchResult {
    const reader = new BatchReader(message);
    const outcomes = new Float64Array(message.count * OUTCOME_WIDTH);
    this.#now = message.now;
    this.#consequences = [];
    for (let index = 0; index < message.count; index++) {
      this.#requestIndex = index;
      reader.nextRequest();
      const outcome = reader.kind === 'append' ? this.#append(reader) : this.#delete(reader);
      const row = this.#rows.find(reader.stream);
      const at = index * OUTCOME_WIDTH;
      outcomes[at] = outcome.code;
      outcomes[at + 1] = outcome.revision;
      outcomes[at + 2] = outcome.position;
      outcomes[at + 3] = row && isPlain(row) && !isMetastream(row.name) ? IS_PLAIN : 0;
    }
    return { kind: 'committed', outcomes, consequences: this.#consequences };
  }

  #append(reader: BatchReader): Outcome {
    const { stream } = reader;
    const row = this.#rows.find(stream);
    const verdict = this.#judge(reader, row);
    if (verdict.kind !== 'accept') return this.#declined(reader, row, verdict);
    const target = row ?? (reader.eventCount > 0 ? this.#rows.create(stream) : undefined);
    if (!target) return { code: OUTCOME.appended, revision: -1, position: -1 };
    const previousRevision = target.lastRevision;
    const data = this.#insertAll(reader, target);
    const outcome = {
      code: OUTCOME.appended,
      revision: target.lastRevision,
      position: reader.eventCount > 0 ? this.#head : -1,
    };
    if (isSoftDeleted(target)) this.#moveTruncation(target, previousRevision + 1);
    if (data && isMetastream(stream)) this.#metadataWritten(originalOf(stream), data);
    return outcome;
  }

  /** Inserts the events of the current request. @returns the data of the last one, if there is one */
  #insertAll(reader: BatchReader, row: StreamRow): Retention | undefined {
    reader.rewind();
    for (let index = 0; index < reader.eventCount; index++) {
      reader.nextEvent();
      const revision = ++row.lastRevision;
      this.#insert(row, revision, reader.eventId, reader);
    }
    if (reader.eventCount === 0) return undefined;
    this.#rows.touch(row);
    return isMetastream(row.name) ? parseRetention(reader.data, reader.isJson !== 0) : NO_RETENTION;
  }

  #insert(
    row: StreamRow,
    revision: number,
    id: Buffer,
    event: { type: string; isJson: number; data: Buffer; metadata: Buffer },
  ): void {
    const { type, isJson, data, metadata } = event;
    const position = ++this.#head;
    this.#insertEvent.run(position, row.id, revision, id, type, isJson, this.#now, data, metadata);
    this.#recentIds.add(id, row.id, revision);
  }

  #judge(reader: BatchReader, row: StreamRow | undefined): Verdict {
    const ids: ProposedIds = {
      count: reader.eventCount,
      nextRecentRevision: () => {
        reader.nextEvent();
        return row ? this.#recentIds.revisionIn(row.id, reader.eventId) : -1;
      },
      nextIsAt: (revision) => {
        reader.nextEvent();
        return row !== undefined && this.#isAt(row.id, revision, reader.eventId);
      },
    };
    const verdict = judgeAppend(reader.expected, this.#standing(reader.stream, row), ids);
    reader.rewind();
    return verdict;
  }

  #isAt(streamId: number, revision: number, id: Buffer): boolean {
    return this.#idAt.get(streamId, revision)?.equals(id) ?? false;
  }

  #standing(stream: string, row: StreamRow | undefined): StreamStanding {
    return {
      lastRevision: row?.lastRevision ?? -1,
      isTombstoned: row?.isTombstoned === true || this.#isOriginalTombstoned(stream),
      isSoftDeleted: isSoftDeleted(row),
      // a stream without events has a row only because its metadata was written
      hasMetadata: row !== undefined,
    };
  }

  #isOriginalTombstoned(stream: string): boolean {
    return isMetastream(stream) && this.#rows.find(originalOf(stream))?.isTombstoned === true;
  }

  #declined(reader: BatchReader, row: StreamRow | undefined, verdict: Verdict): Outcome {
    const current = row?.lastRevision ?? -1;
    switch (verdict.kind) {
      case 'repeat':
        return {
          code: OUTCOME.repeated,
          revision: verdict.lastRevision,
          position: row ? this.#readablePosition(row, verdict.lastRevision) : -1,
        };
      case 'stream-deleted':
        return { code: OUTCOME.streamDeleted, revision: current, position: -1 };
      case 'accept':
      case 'wrong-version':
        return { code: OUTCOME.wrongVersion, revision: current, position: -1 };
    }
  }

  #readablePosition(row: StreamRow, revision: number): number {
    const place = revision < firstReadable(row) ? undefined : this.#placeOf.get(row.id, revision);
    if (!place) return -1;
    const [position, created] = place;
    return created < oldestReadable(row, this.#now) ? -1 : position;
  }

  #delete(reader: BatchReader): Outcome {
    const { stream, kind } = reader;
    const row = this.#rows.find(stream);
    const verdict = this.#judge(reader, row);
    const isNothingToDelete = kind === 'soft-delete' && !row;
    if (isNothingToDelete || verdict.kind !== 'accept') {
      return this.#declined(
        reader,
        row,
        verdict.kind === 'accept' ? { kind: 'wrong-version' } : verdict,
      );
    }
    reader.nextEvent();
    const target = row ?? this.#rows.create(stream);
    if (kind === 'tombstone') this.#tombstone(target, reader.eventId);
    else this.#writeMetadata(target, reader.eventId, SOFT_DELETE_METADATA);
    return { code: OUTCOME.appended, revision: target.lastRevision, position: this.#head };
  }

  #tombstone(row: StreamRow, id: Buffer): void {
    const event = { type: STREAM_DELETED_TYPE, isJson: 0, data: NOTHING, metadata: NOTHING };
    this.#insert(row, TOMBSTONE_REVISION, id, event);
    this.#noteConsequence(row, TOMBSTONE_REVISION, id, event);
    row.isTombstoned = true;
    this.#rows.touch(row);
    if (isMetastream(row.name)) this.#metadataWritten(originalOf(row.name), NO_RETENTION);
  }

  /** Writes metadata of `row` in consequence of a request, and applies it. */
  #writeMetadata(row: StreamRow, id: Buffer, data: Buffer): void {
    const name = metastreamOf(row.name);
    const metastream = this.#rows.find(name) ?? this.#rows.create(name);
    const revision = ++metastream.lastRevision;
    const event = { type: METADATA_TYPE, isJson: 1, data, metadata: NOTHING };
    this.#insert(metastream, revision, id, event);
    this.#noteConsequence(metastream, revision, id, event);
    this.#rows.touch(metastream);
    this.#retain(row, parseRetention(data, true));
  }

  /** A metastream was written: its stream follows, and comes back if it was soft-deleted. */
  #metadataWritten(stream: string, retention: Retention): void {
    if (isMetastream(stream)) return;
    const row = this.#rows.find(stream) ?? this.#rows.create(stream);
    const wasSoftDeleted = isSoftDeleted(row);
    this.#retain(row, retention);
    if (wasSoftDeleted) this.#moveTruncation(row, row.lastRevision + 1);
  }

  #retain(row: StreamRow, { truncateBefore, maxCount, maxAgeS }: Retention): void {
    if (isMetastream(row.name)) return;
    Object.assign(row, { truncateBefore, maxCount, maxAgeS });
    this.#rows.touch(row);
  }

  /** Ends a soft delete: the stream begins at `revision`, and the rest of its metadata stays as it is. */
  #moveTruncation(row: StreamRow, revision: number): void {
    const metastream = this.#rows.find(metastreamOf(row.name));
    const last = metastream && this.#lastMetadata.get(metastream.id, metastream.lastRevision);
    const data = last && withTruncateBefore(last[0], revision);
    if (!data) return;
    const id = Buffer.alloc(UUID_BYTES);
    writeUuid(id, 0, randomUUID());
    this.#writeMetadata(row, id, data);
  }

  #noteConsequence(
    row: StreamRow,
    revision: number,
    id: Buffer,
    event: { type: string; isJson: number; data: Buffer; metadata: Buffer },
  ): void {
    const record: LogRecord = {
      position: this.#head,
      stream: row.name,
      revision,
      id: readUuid(id, 0),
      type: event.type,
      isJson: event.isJson !== 0,
      created: this.#now,
      data: event.data,
      metadata: event.metadata,
    };
    this.#consequences.push({ request: this.#requestIndex, record });
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

/** Position of the last record. */
function readHead(database: Database): number {
  const last = database.prepare<[], number | null>('SELECT max(position) FROM events').pluck();
  return last.get() ?? 0;
}
