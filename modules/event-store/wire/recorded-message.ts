import type { LogRecord } from '../embedded/event-log.js';
import type { shared } from './protocol.js';
import { toWireRevision } from './wire-number.js';
import { streamIdentifier } from './wire-text.js';
import { toWireUuid, type UuidForm } from './wire-uuid.js';

export const CONTENT_TYPE = {
  json: 'application/json',
  binary: 'application/octet-stream',
} as const;

/** Keys of the metadata that every event has. */
export const PROPERTY = { type: 'type', contentType: 'content-type', created: 'created' } as const;

/** Both services have a class of their own for this; the fields are the same. */
interface RecordedMessage {
  setId(id: shared.UUID): unknown;
  setStreamIdentifier(identifier: shared.StreamIdentifier): unknown;
  setStreamRevision(revision: string): unknown;
  setCommitPosition(position: string): unknown;
  setPreparePosition(position: string): unknown;
  getMetadataMap(): { set(key: string, value: string): unknown };
  setCustomMetadata(metadata: Uint8Array): unknown;
  setData(data: Uint8Array): unknown;
}

/** Fills in an event. @param position what is given as its place in the log */
export function fillRecorded<Message extends RecordedMessage>(
  message: Message,
  record: LogRecord,
  position: number,
  uuidForm: UuidForm,
): Message {
  message.setId(toWireUuid(record.id, uuidForm));
  message.setStreamIdentifier(streamIdentifier(record.stream));
  message.setStreamRevision(toWireRevision(record.revision));
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  const properties = message.getMetadataMap();
  properties.set(PROPERTY.type, record.type);
  properties.set(PROPERTY.contentType, record.isJson ? CONTENT_TYPE.json : CONTENT_TYPE.binary);
  properties.set(PROPERTY.created, toTicks(record.created));
  message.setCustomMetadata(record.metadata);
  message.setData(record.data);
  return message;
}

/** Units of 100 ns since 1970, more than a number holds exactly. */
export function toTicks(epochMs: number): string {
  return (BigInt(epochMs) * 10_000n).toString();
}
