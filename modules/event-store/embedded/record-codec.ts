import type { LogRecord, ResolvedRecord } from './event-log.js';
import type { EncodedRecords } from './reader-protocol.js';
import { readUuid, UUID_BYTES } from './uuid-bytes.js';

/** A record as the reader thread takes it from the file. */
export interface StoredRecord {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: Buffer;
  readonly type: string;
  readonly isJson: number;
  readonly created: number;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface StoredEntry {
  event?: StoredRecord;
  link?: StoredRecord;
}

const HAS_EVENT = 1;
const HAS_LINK = 2;
const RECORD_BYTES = 24 + UUID_BYTES + 1 + 16;

/** Bytes that a record takes in a page. */
export function recordBytes(record: StoredRecord): number {
  return RECORD_BYTES + record.data.length + record.metadata.length;
}

/** Encodes a page; its buffer is exactly as large as needed and can be transferred. */
export function encodeRecords(entries: readonly StoredEntry[]): EncodedRecords {
  let bytes = 0;
  for (const { event, link } of entries) {
    bytes += 1 + (event ? recordBytes(event) : 0) + (link ? recordBytes(link) : 0);
  }
  const encoder = new RecordEncoder(bytes);
  for (const entry of entries) encoder.add(entry);
  return encoder.result;
}

class RecordEncoder {
  readonly #buffer: Buffer;
  readonly #strings: string[] = [];
  readonly #indexes = new Map<string, number>();
  #at = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  get result(): EncodedRecords {
    return { strings: this.#strings, buffer: this.#buffer.buffer as ArrayBuffer };
  }

  add({ event, link }: StoredEntry): void {
    this.#buffer[this.#at++] = (event ? HAS_EVENT : 0) | (link ? HAS_LINK : 0);
    if (event) this.#record(event);
    if (link) this.#record(link);
  }

  #record(record: StoredRecord): void {
    const buffer = this.#buffer;
    let at = buffer.writeDoubleLE(record.position, this.#at);
    at = buffer.writeDoubleLE(record.revision, at);
    at = buffer.writeDoubleLE(record.created, at);
    buffer.set(record.id, at);
    at += UUID_BYTES;
    buffer[at] = record.isJson;
    at = buffer.writeUInt32LE(this.#index(record.stream), at + 1);
    at = buffer.writeUInt32LE(this.#index(record.type), at);
    at = buffer.writeUInt32LE(record.data.length, at);
    at = buffer.writeUInt32LE(record.metadata.length, at);
    buffer.set(record.data, at);
    at += record.data.length;
    buffer.set(record.metadata, at);
    this.#at = at + record.metadata.length;
  }

  #index(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    const index = this.#strings.push(text) - 1;
    this.#indexes.set(text, index);
    return index;
  }
}

/**
 * Decodes a page. The content of the records are views of its buffer.
 *
 * @param canonicalAfter position above which every JSON record is known to be canonical; default: none is
 */
export function decodeRecords(
  encoded: EncodedRecords,
  canonicalAfter = Infinity,
): ResolvedRecord[] {
  const buffer = Buffer.from(encoded.buffer);
  const entries: ResolvedRecord[] = [];
  let at = 0;
  const record = (): LogRecord => {
    const idAt = at + 24;
    const textAt = idAt + UUID_BYTES;
    const dataAt = textAt + 17;
    const metadataAt = dataAt + buffer.readUInt32LE(textAt + 9);
    const end = metadataAt + buffer.readUInt32LE(textAt + 13);
    const position = buffer.readDoubleLE(at);
    const isJson = buffer[textAt] === 1;
    const decoded: LogRecord = {
      position,
      stream: encoded.strings[buffer.readUInt32LE(textAt + 1)] ?? '',
      revision: buffer.readDoubleLE(at + 8),
      id: readUuid(buffer, idAt),
      type: encoded.strings[buffer.readUInt32LE(textAt + 5)] ?? '',
      isJson,
      isCanonical: isJson && position > canonicalAfter,
      created: buffer.readDoubleLE(at + 16),
      data: buffer.subarray(dataAt, metadataAt),
      metadata: buffer.subarray(metadataAt, end),
    };
    at = end;
    return decoded;
  };
  while (at < buffer.length) {
    const flags = buffer[at++] ?? 0;
    const entry: { event?: LogRecord; link?: LogRecord } = {};
    if (flags & HAS_EVENT) entry.event = record();
    if (flags & HAS_LINK) entry.link = record();
    entries.push(entry);
  }
  return entries;
}
