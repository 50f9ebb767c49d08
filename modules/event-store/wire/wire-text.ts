import type { MessageReader } from './protobuf/message-reader.js';
import type { MessageWriter } from './protobuf/message-writer.js';
import { shared } from './protocol.js';

/** The field of `event_store.client.StreamIdentifier`. */
const STREAM_NAME = 3;

/** The name in a stream identifier; empty if there is none. */
export function streamNameOf(identifier: shared.StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

/** The identifier of a stream. */
export function streamIdentifier(stream: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(new Uint8Array(Buffer.from(stream)));
}

/** Reads the name in a stream identifier; empty if there is none. */
export function readStreamName(reader: MessageReader): string {
  let name = '';
  while (reader.next()) {
    if (reader.field === STREAM_NAME) name = reader.text();
    else reader.skip();
  }
  return name;
}

/** Writes a field of a stream identifier. */
export function writeStreamName(writer: MessageWriter, field: number, stream: string): void {
  const mark = writer.mark();
  writer.text(STREAM_NAME, stream);
  writer.enclose(field, mark);
}
