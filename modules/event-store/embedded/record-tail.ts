import type { AllPage, LogRecord, StreamPage } from './event-log.js';
import type { RecordTest } from './log-filter.js';
import { RecordWindow } from './record-window.js';
import { isMetastream, LINK_TYPE, originalOf } from './system-names.js';

/** A page ends after the record with which it reaches this size. */
const PAGE_BYTES = 256 * 1024;

/** What a record takes in memory besides its content, roughly. */
const RECORD_OVERHEAD_BYTES = 256;

class TailPage {
  readonly records: { readonly event: LogRecord }[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.records.length >= this.#limit || this.#bytes >= PAGE_BYTES;
  }

  add(event: LogRecord): void {
    this.records.push({ event });
    this.#bytes += bytesOf(event);
  }
}

interface StreamTail {
  readonly records: RecordWindow<LogRecord>;
  /** Whether every event of the stream can be read; if not, only the file can tell which. */
  isPlain: boolean;
}

export interface TailLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const DEFAULT_LIMITS: TailLimits = { maxRecords: 4_096, maxBytes: 8 * 1024 * 1024 };

/**
 * The newest records of the log, in memory: who reads near the head needs no thread for it. It answers only what it can
 * answer completely.
 */
export class RecordTail {
  readonly #limits: TailLimits;
  #records = new RecordWindow<LogRecord>();
  readonly #streams = new Map<string, StreamTail>();
  #bytes = 0;
  /** Every record above this position is here. */
  #floor: number;
  #head: number;

  /** @param head position of the last record when the tail begins */
  constructor(head: number, limits: TailLimits = DEFAULT_LIMITS) {
    this.#floor = this.#head = head;
    this.#limits = limits;
  }

  get head(): number {
    return this.#head;
  }

  /**
   * Adds committed records, in log order.
   * @param plainStreams which of their streams have, after them, nothing that hides events
   */
  add(records: readonly LogRecord[], plainStreams: ReadonlySet<string>): void {
    for (const record of records) {
      const { stream } = record;
      const tail = this.#streams.get(stream) ?? this.#newStream(stream);
      tail.records.push(record);
      tail.isPlain = plainStreams.has(stream);
      if (isMetastream(stream)) this.#metadataChanged(originalOf(stream), plainStreams);
      this.#records.push(record);
      this.#bytes += bytesOf(record);
      this.#head = record.position;
    }
    while (this.#records.length > this.#limits.maxRecords || this.#bytes > this.#limits.maxBytes) {
      this.#evict();
    }
  }

  /** Forgets everything: what is in the file is no longer what was committed. */
  clear(): void {
    this.#records = new RecordWindow();
    this.#streams.clear();
    this.#bytes = 0;
    this.#floor = this.#head;
  }

  /** A page of `$all` forwards, or `undefined` if the tail does not hold all of it. */
  readAll(query: {
    readonly from: number;
    readonly limit: number;
    readonly searchWindow: number;
    readonly matches: RecordTest;
    readonly resolveLinks: boolean;
  }): AllPage | undefined {
    if (query.from <= this.#floor) return undefined;
    const page = new TailPage(query.limit);
    let next = query.from;
    const considered = (): number => next - query.from;
    while (!page.isFull && considered() < query.searchWindow) {
      const event = this.#records.at(next - this.#floor - 1);
      if (!event) break;
      next++;
      if (!query.matches(event.stream, event.type)) continue;
      if (query.resolveLinks && event.type === LINK_TYPE) return undefined;
      page.add(event);
    }
    return {
      records: page.records,
      next,
      isEnd: next > this.#head,
      considered: considered(),
    };
  }

  /** A page of a stream, or `undefined` if the tail cannot tell. */
  readStream(query: {
    readonly stream: string;
    readonly isForwards: boolean;
    readonly from: number | null;
    readonly limit: number;
    readonly resolveLinks: boolean;
  }): StreamPage | undefined {
    const known = this.#plainStream(query.stream);
    if (!known) return undefined;
    const { records, first, lastRevision } = known;
    const from = Math.min(query.from ?? lastRevision, lastRevision + (query.isForwards ? 1 : 0));
    if (from < first) return undefined;
    const page = new TailPage(query.limit);
    let revision = from;
    while (!page.isFull) {
      const event = records.at(revision - first);
      if (!event) break;
      if (query.resolveLinks && event.type === LINK_TYPE) return undefined;
      page.add(event);
      revision += query.isForwards ? 1 : -1;
    }
    const isEnd = revision < 0 || revision > lastRevision;
    const next = isEnd ? null : revision;
    return { state: 'present', records: page.records, next, lastRevision };
  }

  /** The newest events of a stream that hides none; `first` is the oldest of them that is here. */
  #plainStream(stream: string) {
    const tail = this.#streams.get(stream);
    const first = tail?.records.at(0)?.revision;
    if (!tail?.isPlain || first === undefined) return undefined;
    return { records: tail.records, first, lastRevision: first + tail.records.length - 1 };
  }

  #newStream(stream: string): StreamTail {
    const tail = { records: new RecordWindow<LogRecord>(), isPlain: false };
    this.#streams.set(stream, tail);
    return tail;
  }

  #metadataChanged(stream: string, plainStreams: ReadonlySet<string>): void {
    const tail = this.#streams.get(stream);
    if (tail) tail.isPlain = plainStreams.has(stream);
  }

  #evict(): void {
    const record = this.#records.shift();
    if (!record) return;
    this.#floor = record.position;
    this.#bytes -= bytesOf(record);
    const tail = this.#streams.get(record.stream);
    tail?.records.shift();
    if (tail?.records.length === 0) this.#streams.delete(record.stream);
  }
}

function bytesOf(record: LogRecord): number {
  return RECORD_OVERHEAD_BYTES + record.data.length + record.metadata.length;
}
