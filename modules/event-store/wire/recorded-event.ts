import type { LogRecord } from '../embedded/event-log.js';
import type { MessageWriter } from './protobuf/message-writer.js';
import { INT64_MAX, isTombstone } from './wire-number.js';
import { writeStreamName } from './wire-text.js';
import { type UuidForm, writeWireUuid } from './wire-uuid.js';

export const CONTENT_TYPE = {
  json: 'application/json',
  binary: 'application/octet-stream',
} as const;

/** Keys of the metadata that every event has. */
export const PROPERTY = { type: 'type', contentType: 'content-type', created: 'created' } as const;

/** Fields of `RecordedEvent`, which both services have one of their own of: they are the same. */
const FIELD = {
  id: 1,
  streamIdentifier: 2,
  streamRevision: 3,
  preparePosition: 4,
  commitPosition: 5,
  metadata: 6,
  customMetadata: 7,
  data: 8,
} as const;

const MAP_ENTRY = { key: 1, value: 2 } as const;

/** What a recorded event takes at most besides its content and names. */
const OVERHEAD_BYTES = 320;

/** A character of a name takes at most so many bytes. */
const UTF8_BYTES = 3;

/** Room for a recorded event, enough in any case. */
export function recordedEventBytes(record: LogRecord | undefined): number {
  if (!record) return 0;
  const names = UTF8_BYTES * (record.stream.length + record.type.length);
  return OVERHEAD_BYTES + names + record.data.length + record.metadata.length;
}

/** Writes a field of a recorded event. @param position what is given as its place in the log */
export function writeRecordedEvent(
  writer: MessageWriter,
  field: number,
  record: LogRecord,
  position: number,
  uuidForm: UuidForm,
): void {
  const mark = writer.mark();
  writer.bytes(FIELD.data, record.data);
  writer.bytes(FIELD.customMetadata, record.metadata);
  const contentType = record.isJson ? CONTENT_TYPE.json : CONTENT_TYPE.binary;
  writeProperty(writer, PROPERTY.created, toTicks(record.created));
  writeProperty(writer, PROPERTY.contentType, contentType);
  writeProperty(writer, PROPERTY.type, record.type);
  writer.number(FIELD.commitPosition, position);
  writer.number(FIELD.preparePosition, position);
  if (isTombstone(record.revision)) writer.largeNumber(FIELD.streamRevision, INT64_MAX);
  else writer.number(FIELD.streamRevision, record.revision);
  writeStreamName(writer, FIELD.streamIdentifier, record.stream);
  writeWireUuid(writer, FIELD.id, record.id, uuidForm);
  writer.enclose(field, mark);
}

function writeProperty(writer: MessageWriter, key: string, value: string): void {
  const mark = writer.mark();
  writer.text(MAP_ENTRY.value, value);
  writer.text(MAP_ENTRY.key, key);
  writer.enclose(FIELD.metadata, mark);
}

/** Units of 100 ns since 1970, more than a number holds exactly. */
export function toTicks(epochMs: number): string {
  return `${epochMs}0000`;
}
