import type {
  AllStreamResolvedEvent,
  EventType,
  Position,
  RecordedEvent,
  ResolvedEvent,
} from '@eventstore/db-client';
import { type LogRecord, type ResolvedRecord, TOMBSTONE_REVISION } from '../embedded/event-log.js';

const TOMBSTONE = 2n ** 63n - 1n;

/** A place in the log in the client's form. */
export function toPosition(position: number): Position {
  const commit = BigInt(position);
  return { commit, prepare: commit };
}

/**
 * An event as the official client gives it out. Each call makes a new object with content of its own: what one consumer
 * does to it, no other sees. Its `data` is parsed when it is first asked for: most of what Posthorn passes on nobody
 * reads.
 */
export function toResolvedEvent<KnownEventType extends EventType = EventType>({
  event,
  link,
}: ResolvedRecord): ResolvedEvent<KnownEventType> {
  const resolved: { event?: RecordedEvent; link?: RecordedEvent; commitPosition?: bigint } = {};
  if (event) resolved.event = toRecordedEvent(event);
  if (link) resolved.link = toRecordedEvent(link);
  const original = link ?? event;
  if (original) resolved.commitPosition = BigInt(original.position);
  return resolved as ResolvedEvent<KnownEventType>;
}

/** The same, typed as a reader of `$all` expects it. */
export function toAllResolvedEvent(entry: ResolvedRecord): AllStreamResolvedEvent {
  return toResolvedEvent(entry) as AllStreamResolvedEvent;
}

/**
 * The data of an event as JSON text, in the very bytes that `JSON.stringify(event.data)` would make; `undefined` if that is
 * not known without making them. Whatever a reader of `event.data` did to it does not show here; who sets `event.data` to
 * something else, or copies the event, has no such bytes.
 */
export function canonicalJsonOf(event: RecordedEvent): Uint8Array | undefined {
  const record = RECORDS.get(event);
  return record?.isCanonical ? record.data : undefined;
}

/** Where the data of an event comes from, as long as it was not set to something else. */
const RECORDS = new WeakMap<object, LogRecord>();

/** An own property, as on an event of the official client, so that copies have it. One for all: V8 shares their shape. */
const PARSED_WHEN_READ: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: RecordedEvent): unknown {
    return parse(this);
  },
  set(this: RecordedEvent, value: unknown) {
    if (!define(this, value)) throw new TypeError('the event is frozen');
    RECORDS.delete(this);
  },
};

function parse(event: RecordedEvent): unknown {
  const record = RECORDS.get(event);
  const value = record && parsedData(record.data);
  define(event, value);
  return value;
}

/** @returns whether it could be done: a frozen event keeps its getter */
function define(event: RecordedEvent, value: unknown): boolean {
  return Reflect.defineProperty(event, 'data', {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function toRecordedEvent(record: LogRecord): RecordedEvent {
  const event = {
    streamId: record.stream,
    id: record.id,
    revision: record.revision === TOMBSTONE_REVISION ? TOMBSTONE : BigInt(record.revision),
    type: record.type,
    data: record.isJson ? undefined : new Uint8Array(record.data),
    metadata: parsedMetadata(record.metadata),
    isJson: record.isJson,
    created: new Date(record.created),
    position: toPosition(record.position),
  } as RecordedEvent;
  if (record.isJson) {
    RECORDS.set(event, record);
    Object.defineProperty(event, 'data', PARSED_WHEN_READ);
  }
  return event;
}

/** What is flagged as JSON but is not comes as text. */
function parsedData(data: Uint8Array): unknown {
  const json = text(data);
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** Metadata has no content type: it is JSON if it can be read as JSON. */
function parsedMetadata(metadata: Uint8Array): unknown {
  if (metadata.length === 0) return undefined;
  try {
    return JSON.parse(text(metadata));
  } catch {
    return new Uint8Array(metadata);
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
