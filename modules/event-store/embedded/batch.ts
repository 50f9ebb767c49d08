import type { ExpectedRevision, LogRecord, ProposedEvent } from './event-log.js';
import { UUID_BYTES, writeUuid } from './uuid-bytes.js';

/** What the writer is asked to do to one stream. */
export interface WriteRequest {
  readonly kind: 'append' | 'soft-delete' | 'tombstone';
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** For a deletion: one event without content, which gives the id of the record written. */
  readonly events: readonly ProposedEvent[];
}

/**
 * Many requests as one message between threads. Strings travel beside the bytes, each once, because cloning them is
 * cheaper than encoding them.
 */
export interface BatchMessage {
  /** Epoch milliseconds: what the records of the batch are stamped with. */
  readonly now: number;
  readonly count: number;
  readonly strings: readonly string[];
  readonly buffer: ArrayBuffer;
}

const REQUEST_BYTES = 21;
const EVENT_BYTES = UUID_BYTES + 13;
const KINDS = ['append', 'soft-delete', 'tombstone'] as const;

/** Bytes that a request takes in a batch. */
export function encodedBytes(request: WriteRequest): number {
  let bytes = REQUEST_BYTES;
  for (const event of request.events)
    bytes += EVENT_BYTES + event.data.length + event.metadata.length;
  return bytes;
}

/** Encodes requests; `bytes` is the sum of their `encodedBytes`. The buffer of the message can be transferred. */
export function encodeBatch(
  requests: readonly WriteRequest[],
  bytes: number,
  now: number,
): BatchMessage {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  const strings: string[] = [];
  const types = new Map<string, number>();
  let at = 0;
  for (const request of requests) {
    at = buffer.writeUInt32LE(encodedBytes(request), at);
    buffer[at] = KINDS.indexOf(request.kind);
    at = buffer.writeDoubleLE(expectedToNumber(request.expected), at + 1);
    at = buffer.writeUInt32LE(strings.push(request.stream) - 1, at);
    at = buffer.writeUInt32LE(request.events.length, at);
    for (const event of request.events) {
      let type = types.get(event.type);
      if (type === undefined) {
        type = strings.push(event.type) - 1;
        types.set(event.type, type);
      }
      at = writeEvent(buffer, at, event, type);
    }
  }
  return { now, count: requests.length, strings, buffer: buffer.buffer };
}

function writeEvent(buffer: Buffer, start: number, event: ProposedEvent, type: number): number {
  writeUuid(buffer, start, event.id);
  let at = start + UUID_BYTES;
  buffer[at] = event.isJson ? 1 : 0;
  at = buffer.writeUInt32LE(type, at + 1);
  at = buffer.writeUInt32LE(event.data.length, at);
  at = buffer.writeUInt32LE(event.metadata.length, at);
  buffer.set(event.data, at);
  at += event.data.length;
  buffer.set(event.metadata, at);
  return at + event.metadata.length;
}

/** Walks a batch: `nextRequest` once per request, then `nextEvent` once per event of it; fields hold the current one. */
export class BatchReader {
  readonly #buffer: Buffer;
  readonly #strings: readonly string[];
  #at = 0;
  #nextRequestAt = 0;
  kind: WriteRequest['kind'] = 'append';
  stream = '';
  expected: ExpectedRevision = 'any';
  eventCount = 0;
  /** Where the first event of the current request begins, for `rewind`. */
  #firstEventAt = 0;

  eventId: Buffer;
  type = '';
  isJson = 0;
  data: Buffer;
  metadata: Buffer;

  constructor(message: Pick<BatchMessage, 'strings' | 'buffer'>) {
    this.#buffer = Buffer.from(message.buffer);
    this.#strings = message.strings;
    this.eventId = this.data = this.metadata = this.#buffer.subarray(0, 0);
  }

  nextRequest(): void {
    const buffer = this.#buffer;
    const at = this.#nextRequestAt;
    this.#nextRequestAt = at + buffer.readUInt32LE(at);
    this.kind = KINDS[buffer[at + 4] ?? 0] ?? 'append';
    this.expected = expectedFromNumber(buffer.readDoubleLE(at + 5));
    this.stream = this.#string(buffer.readUInt32LE(at + 13));
    this.eventCount = buffer.readUInt32LE(at + 17);
    this.#at = this.#firstEventAt = at + REQUEST_BYTES;
  }

  nextEvent(): void {
    const buffer = this.#buffer;
    const at = this.#at;
    const dataAt = at + EVENT_BYTES;
    const metadataAt = dataAt + buffer.readUInt32LE(at + UUID_BYTES + 5);
    const end = metadataAt + buffer.readUInt32LE(at + UUID_BYTES + 9);
    this.eventId = buffer.subarray(at, at + UUID_BYTES);
    this.isJson = buffer[at + UUID_BYTES] ?? 0;
    this.type = this.#string(buffer.readUInt32LE(at + UUID_BYTES + 1));
    this.data = buffer.subarray(dataAt, metadataAt);
    this.metadata = buffer.subarray(metadataAt, end);
    this.#at = end;
  }

  /** Goes back to before the first event of the current request. */
  rewind(): void {
    this.#at = this.#firstEventAt;
  }

  #string(index: number): string {
    return this.#strings[index] ?? '';
  }
}

const EXPECTED_NUMBERS = { any: -2, no_stream: -1, stream_exists: -4 } as const;

function expectedToNumber(expected: ExpectedRevision): number {
  return typeof expected === 'number' ? expected : EXPECTED_NUMBERS[expected];
}

function expectedFromNumber(expected: number): ExpectedRevision {
  if (expected >= 0) return expected;
  return expected === -2 ? 'any' : expected === -1 ? 'no_stream' : 'stream_exists';
}

/** What became of a request. */
export const OUTCOME = {
  appended: 0,
  /** The same events were there already; the position is -1 when they can no longer be read. */
  repeated: 1,
  wrongVersion: 2,
  streamDeleted: 3,
} as const;

/** Numbers per request in `BatchResult.outcomes`: code, revision (wrong version: the current one), position, flags. */
export const OUTCOME_WIDTH = 4;

/** Flag of an outcome: nothing but its numbering decides which events of the stream can be read. */
export const IS_PLAIN = 1;

/** A record that the writer made itself, in consequence of a request. */
export interface ConsequentRecord {
  /** Index of the request in the batch. */
  readonly request: number;
  readonly record: LogRecord;
}

/** The answer to one batch, in the order of its requests. */
export type BatchResult =
  | {
      readonly kind: 'committed';
      readonly outcomes: Float64Array<ArrayBuffer>;
      readonly consequences: readonly ConsequentRecord[];
    }
  /** Nothing of the batch was kept. */
  | { readonly kind: 'refused'; readonly message: string };
