import { randomUUID } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { type BatchReader, type ConsequentRecord, OUTCOME } from './batch.js';
import { TOMBSTONE_REVISION } from './event-log.js';
import { type EventContent, EventTable } from './event-table.js';
import { judgeAppend, type ProposedIds, type Verdict } from './expected-revision.js';
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
const TOMBSTONE: EventContent = {
  type: STREAM_DELETED_TYPE,
  isJson: 0,
  data: NOTHING,
  metadata: NOTHING,
};

/** What became of a request; see `OUTCOME`. */
export interface Outcome {
  readonly code: number;
  readonly revision: number;
  readonly position: number;
  readonly isPlain: boolean;
}

/**
 * Carries out requests one by one, within a transaction that its owner holds: decides by the rules of EventStoreDB, writes
 * events, and keeps what the metadata of streams says beside their rows.
 */
export class RequestWriter {
  readonly #events: EventTable;
  readonly #rows: StreamRows;
  readonly #recentIds = new RecentIds();
  #head = 0;
  #now = 0;
  #consequences: ConsequentRecord[] = [];
  #requestIndex = 0;

  constructor(database: Database) {
    this.#events = new EventTable(database);
    this.#rows = new StreamRows(database);
    this.#recall();
  }

  /** Position of the last record written. */
  get head(): number {
    return this.#head;
  }

  /** Begins a batch, whose records are stamped with `now`. @returns where consequences are noted */
  beginBatch(now: number): readonly ConsequentRecord[] {
    this.#now = now;
    this.#consequences = [];
    return this.#consequences;
  }

  /** Carries out the request on which `reader` stands. */
  carryOut(reader: BatchReader, requestIndex: number): Outcome {
    this.#requestIndex = requestIndex;
    const row = this.#rows.find(reader.stream);
    const verdict = this.#judge(reader, row);
    if (verdict.kind !== 'accept') return this.#declined(row, verdict);
    return reader.kind === 'append' ? this.#append(reader, row) : this.#delete(reader, row);
  }

  /** Writes down what changed about streams: to be called before the commit. */
  flush(): void {
    this.#rows.flush();
  }

  /** Forgets everything that was not committed: to be called after a rollback. */
  rolledBack(): void {
    this.#rows.forget();
    this.#recentIds.clear();
    this.#recall();
  }

  /** Oldest first, so that the first writer of an id keeps it. */
  #recall(): void {
    this.#head = this.#events.head();
    for (const [id, streamId, revision] of this.#events.newest(WARM_IDS)) {
      this.#recentIds.add(id, streamId, revision);
    }
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
        return row !== undefined && this.#events.hasIdAt(row.id, revision, reader.eventId);
      },
    };
    const standing = {
      lastRevision: row?.lastRevision ?? -1,
      isTombstoned: row?.isTombstoned === true || this.#isOriginalTombstoned(reader.stream),
      isSoftDeleted: isSoftDeleted(row),
      // a stream without events has a row only because its metadata was written
      hasMetadata: row !== undefined,
    };
    const verdict = judgeAppend(reader.expected, standing, ids);
    reader.rewind();
    return verdict;
  }

  #isOriginalTombstoned(stream: string): boolean {
    return isMetastream(stream) && this.#rows.find(originalOf(stream))?.isTombstoned === true;
  }

  #declined(row: StreamRow | undefined, verdict: Verdict): Outcome {
    const revision = row?.lastRevision ?? -1;
    switch (verdict.kind) {
      case 'repeat': {
        const position = row ? this.#readablePosition(row, verdict.lastRevision) : -1;
        const { lastRevision } = verdict;
        return { code: OUTCOME.repeated, revision: lastRevision, position, isPlain: false };
      }
      case 'stream-deleted':
        return { code: OUTCOME.streamDeleted, revision, position: -1, isPlain: false };
      case 'accept':
      case 'wrong-version':
        return { code: OUTCOME.wrongVersion, revision, position: -1, isPlain: false };
    }
  }

  #readablePosition(row: StreamRow, revision: number): number {
    const place =
      revision < firstReadable(row) ? undefined : this.#events.placeAt(row.id, revision);
    return place && place.created >= oldestReadable(row, this.#now) ? place.position : -1;
  }

  #append(reader: BatchReader, known: StreamRow | undefined): Outcome {
    const { stream, eventCount } = reader;
    const isEmpty = eventCount === 0;
    const row = known ?? (isEmpty ? undefined : this.#rows.create(stream));
    if (!row) return { code: OUTCOME.appended, revision: -1, position: -1, isPlain: false };
    const firstRevision = row.lastRevision + 1;
    for (let index = 0; index < eventCount; index++) {
      reader.nextEvent();
      row.lastRevision++;
      this.#insert(row, row.lastRevision, reader.eventId, reader);
    }
    const { lastRevision: revision } = row;
    const position = isEmpty ? -1 : this.#head;
    if (!isEmpty) this.#rows.touch(row);
    if (isSoftDeleted(row)) this.#moveTruncation(row, firstRevision);
    if (isMetastream(stream)) {
      if (!isEmpty) this.#metadataWritten(originalOf(stream), retentionOf(reader));
      return { code: OUTCOME.appended, revision, position, isPlain: false };
    }
    return { code: OUTCOME.appended, revision, position, isPlain: isPlain(row) };
  }

  #delete(reader: BatchReader, known: StreamRow | undefined): Outcome {
    const isHard = reader.kind === 'tombstone';
    if (!known && !isHard) return this.#declined(known, { kind: 'wrong-version' });
    reader.nextEvent();
    const row = known ?? this.#rows.create(reader.stream);
    if (isHard) this.#tombstone(row, reader.eventId);
    else this.#writeMetadata(row, reader.eventId, SOFT_DELETE_METADATA);
    const { lastRevision: revision } = row;
    return { code: OUTCOME.appended, revision, position: this.#head, isPlain: false };
  }

  #tombstone(row: StreamRow, id: Buffer): void {
    this.#insertConsequence(row, TOMBSTONE_REVISION, id, TOMBSTONE);
    row.isTombstoned = true;
    this.#rows.touch(row);
    if (isMetastream(row.name)) this.#metadataWritten(originalOf(row.name), NO_RETENTION);
  }

  /** Writes metadata of `row` in consequence of a request, and applies it. */
  #writeMetadata(row: StreamRow, id: Buffer, data: Buffer): void {
    const name = metastreamOf(row.name);
    const metastream = this.#rows.find(name) ?? this.#rows.create(name);
    metastream.lastRevision++;
    const event = { type: METADATA_TYPE, isJson: 1, data, metadata: NOTHING };
    this.#insertConsequence(metastream, metastream.lastRevision, id, event);
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
    const last = metastream && this.#events.dataAt(metastream.id, metastream.lastRevision);
    const data = last && withTruncateBefore(last, revision);
    if (!data) return;
    const id = Buffer.alloc(UUID_BYTES);
    writeUuid(id, 0, randomUUID());
    this.#writeMetadata(row, id, data);
  }

  #insert(row: StreamRow, revision: number, id: Buffer, content: EventContent): void {
    this.#head++;
    this.#events.insert(this.#head, row.id, revision, id, this.#now, content);
    this.#recentIds.add(id, row.id, revision);
  }

  /** Inserts a record that its requester does not know, so that it can be told to those who listen. */
  #insertConsequence(row: StreamRow, revision: number, id: Buffer, content: EventContent): void {
    this.#insert(row, revision, id, content);
    const record = {
      ...content,
      isJson: content.isJson !== 0,
      isCanonical: false,
      position: this.#head,
      stream: row.name,
      revision,
      id: readUuid(id, 0),
      created: this.#now,
    };
    this.#consequences.push({ request: this.#requestIndex, record });
  }
}

/** What the last event of an append to a metastream says. */
function retentionOf({ data, isJson }: BatchReader): Retention {
  return parseRetention(data, isJson !== 0);
}
