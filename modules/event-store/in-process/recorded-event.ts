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
 * does to it, no other sees.
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

function toRecordedEvent(record: LogRecord): RecordedEvent {
  const { data } = record;
  return {
    streamId: record.stream,
    id: record.id,
    revision: record.revision === TOMBSTONE_REVISION ? TOMBSTONE : BigInt(record.revision),
    type: record.type,
    data: record.isJson ? parsedData(data) : new Uint8Array(data),
    metadata: parsedMetadata(record.metadata),
    isJson: record.isJson,
    created: new Date(record.created),
    position: toPosition(record.position),
  } as RecordedEvent;
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
