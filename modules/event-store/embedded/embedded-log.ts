import type { AppendQueue, CommittedBatch } from './append-queue.js';
import type { WriteRequest } from './batch.js';
import { committedRecords } from './committed-records.js';
import {
  type AllPage,
  type AppendOutcome,
  EngineError,
  type EventLog,
  type ExpectedRevision,
  type LogRecord,
  type ProposedEvent,
  type StreamPage,
} from './event-log.js';
import { FilterCache } from './log-filter.js';
import type { ReaderClient } from './reader-client.js';
import { decodeRecords } from './record-codec.js';
import { RecordTail } from './record-tail.js';
import { StreamEnds } from './stream-ends.js';
import { isUuid } from './uuid-bytes.js';

/** Most records that one page of `$all` considers unless the reader says otherwise. */
const SEARCH_WINDOW = 8_192;

/** Most bytes of one append that are not data: metadata, types and the name of the stream. */
const MAX_OTHER_BYTES = 16 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The log as the main thread has it: it asks, the threads do. */
export class EmbeddedLog implements EventLog {
  readonly #queue: AppendQueue;
  readonly #reader: ReaderClient;
  readonly #maxAppendBytes: number;
  readonly #newId: () => string;
  readonly #listeners = new Set<(records: readonly LogRecord[]) => void>();
  readonly #filters = new FilterCache();
  readonly #tail: RecordTail;
  readonly #ends = new StreamEnds();
  /** Every JSON record above this position was made here: see `ProposedEvent.isCanonical`. */
  #canonicalAfter: number;

  constructor(options: {
    readonly queue: AppendQueue;
    readonly reader: ReaderClient;
    readonly maxAppendBytes: number;
    readonly newId: () => string;
    readonly head: number;
  }) {
    this.#queue = options.queue;
    this.#reader = options.reader;
    this.#maxAppendBytes = options.maxAppendBytes;
    this.#newId = options.newId;
    this.#tail = new RecordTail(options.head);
    this.#canonicalAfter = options.head;
  }

  get head(): number {
    return this.#tail.head;
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): Promise<AppendOutcome> {
    checkStream(stream);
    checkExpected(expected);
    let dataBytes = 0;
    let otherBytes = stream.length;
    for (const event of events) {
      checkEvent(event);
      dataBytes += event.data.length;
      otherBytes += event.metadata.length + event.type.length;
    }
    checkSize(dataBytes, this.#maxAppendBytes);
    checkSize(otherBytes, MAX_OTHER_BYTES);
    return this.#queue.submit({ kind: 'append', stream, expected, events });
  }

  async delete(stream: string, expected: ExpectedRevision, isHard: boolean): Promise<number> {
    checkStream(stream);
    checkExpected(expected);
    const kind: WriteRequest['kind'] = isHard ? 'tombstone' : 'soft-delete';
    // only its id is used: for the record that the deletion writes
    const mark = { id: this.#newId(), type: kind, isJson: false, data: NOTHING, metadata: NOTHING };
    const { position } = await this.#queue.submit({ kind, stream, expected, events: [mark] });
    return position ?? this.#tail.head;
  }

  async readStream(query: Parameters<EventLog['readStream']>[0]): Promise<StreamPage> {
    const { stream, limit, resolveLinks } = query;
    checkStream(stream);
    const isForwards = query.direction === 'forwards';
    const from = query.from === 'start' ? 0 : query.from === 'end' ? null : query.from;
    const absolute = { stream, isForwards, from, limit, resolveLinks };
    const isForMore = isForwards && from !== null && from > 0;
    const near = this.#tail.readStream(absolute) ?? (isForMore && this.#ends.after(stream, from));
    if (near) return near;
    if (isForMore) this.#ends.asked(stream);
    const result = await this.#reader.read<'stream'>({ kind: 'stream', ...absolute });
    const { state, lastRevision, next, records } = result;
    if (isForMore) this.#ends.told(stream, state === 'present' ? lastRevision : undefined);
    return { state, lastRevision, next, records: decodeRecords(records, this.#canonicalAfter) };
  }

  async readAll(query: Parameters<EventLog['readAll']>[0]): Promise<AllPage> {
    const { limit, resolveLinks, filter, searchWindow = SEARCH_WINDOW } = query;
    const matches = this.#filters.get(filter);
    const isForwards = query.direction === 'forwards';
    const { head } = this.#tail;
    const from = query.from === 'start' ? 1 : query.from === 'end' ? head + 1 : query.from;
    const near = isForwards
      ? this.#tail.readAll({ from, limit, searchWindow, matches, resolveLinks })
      : undefined;
    if (near) return near;
    const result = await this.#reader.read<'all'>({
      kind: 'all',
      isForwards,
      from,
      head,
      limit,
      resolveLinks,
      filter,
      searchWindow,
    });
    const { next, isEnd, considered, records } = result;
    return { next, isEnd, considered, records: decodeRecords(records, this.#canonicalAfter) };
  }

  async resolveLink(link: LogRecord): Promise<LogRecord | undefined> {
    const { records } = await this.#reader.read<'link'>({ kind: 'link', data: link.data });
    return decodeRecords(records, this.#canonicalAfter)[0]?.event;
  }

  onCommitted(listener: (records: readonly LogRecord[]) => void): () => void {
    // its own function: who listens twice is called twice
    const own = (records: readonly LogRecord[]): void => {
      listener(records);
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Learns that records are no longer in the file. */
  scavenged(): void {
    this.#tail.clear();
    this.#ends.clear();
  }

  /** Learns of a commit. */
  committed(batch: CommittedBatch): void {
    const { records, plainStreams } = committedRecords(batch);
    if (records.length === 0) return;
    for (const { isCanonical, isJson, position } of records) {
      if (isJson && !isCanonical) this.#canonicalAfter = position;
    }
    this.#tail.add(records, plainStreams);
    this.#ends.committed(records, plainStreams);
    for (const listener of this.#listeners) listener(records);
  }
}

function checkSize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new EngineError({ kind: 'append-too-large', maxBytes });
}

function checkStream(stream: string): void {
  if (stream === '' || LONE_SURROGATE.test(stream)) refuse('The name of a stream is not empty');
}

function checkExpected(expected: ExpectedRevision): void {
  if (typeof expected === 'number' && (!Number.isSafeInteger(expected) || expected < 0)) {
    refuse('An expected revision is an integer from 0 to 2^53-1');
  }
}

function checkEvent(event: ProposedEvent): void {
  if (!isUuid(event.id)) refuse('The id of an event is a UUID in lower-case hyphenated form');
  if (event.type === '' || LONE_SURROGATE.test(event.type))
    refuse('The type of an event is not empty');
}

function refuse(message: string): never {
  throw new EngineError({ kind: 'invalid-argument', message });
}
