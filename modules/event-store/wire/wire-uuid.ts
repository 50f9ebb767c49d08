import { readUuid, UUID_BYTES, writeUuid } from '../embedded/uuid-bytes.js';
import type { MessageReader } from './protobuf/message-reader.js';
import type { MessageWriter } from './protobuf/message-writer.js';
import { shared } from './protocol.js';

/** The two forms in which the protocol writes a UUID; whoever reads says which one it wants. */
export type UuidForm = 'string' | 'structured';

/** Fields of `event_store.client.UUID`. */
const UUID = { structured: 1, string: 2 } as const;
const STRUCTURED = { mostSignificantBits: 1, leastSignificantBits: 2 } as const;

/** Reads a UUID in either form. @returns lower-case text; empty if there is no UUID */
export function readWireUuid(reader: MessageReader): string {
  let text = '';
  while (reader.next()) {
    if (reader.field === UUID.string) text = reader.text().toLowerCase();
    else if (reader.field === UUID.structured) text = readStructured(reader.nested());
    else reader.skip();
  }
  return text;
}

function readStructured(reader: MessageReader): string {
  const bytes = Buffer.alloc(UUID_BYTES);
  while (reader.next()) {
    if (reader.field === STRUCTURED.mostSignificantBits) bytes.writeBigInt64BE(reader.int64(), 0);
    else if (reader.field === STRUCTURED.leastSignificantBits) {
      bytes.writeBigInt64BE(reader.int64(), 8);
    } else reader.skip();
  }
  return readUuid(bytes, 0);
}

/** Writes a field of a UUID, given as lower-case hyphenated text, in the form wanted. */
export function writeWireUuid(
  writer: MessageWriter,
  field: number,
  id: string,
  form: UuidForm,
): void {
  const mark = writer.mark();
  if (form === 'string') writer.text(UUID.string, id);
  else writeStructured(writer, id);
  writer.enclose(field, mark);
}

function writeStructured(writer: MessageWriter, id: string): void {
  const [most, least] = halvesOf(id);
  const mark = writer.mark();
  writer.largeNumber(STRUCTURED.leastSignificantBits, least);
  writer.largeNumber(STRUCTURED.mostSignificantBits, most);
  writer.enclose(UUID.structured, mark);
}

/** A UUID, given as lower-case hyphenated text, as a structured message of the generated kind. */
export function structuredUuid(id: string): shared.UUID {
  const [most, least] = halvesOf(id);
  return new shared.UUID().setStructured(
    new shared.UUID.Structured()
      .setMostSignificantBits(most.toString())
      .setLeastSignificantBits(least.toString()),
  );
}

function halvesOf(id: string): readonly [most: bigint, least: bigint] {
  const bytes = Buffer.alloc(UUID_BYTES);
  writeUuid(bytes, 0, id);
  return [bytes.readBigInt64BE(0), bytes.readBigInt64BE(8)];
}
