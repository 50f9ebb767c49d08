import type { MessageReader } from '../protobuf/message-reader.js';
import { PROPERTY } from '../recorded-event.js';
import { readWireUuid } from '../wire-uuid.js';

/** An event as a client proposes it, not judged yet. */
export interface ProposedMessage {
  /** Lower-case text; empty if there is none. */
  readonly id: string;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** Fields of `ProposedMessage`, which Append and BatchAppend have one of their own of: they are the same. */
const FIELD = { id: 1, metadata: 2, customMetadata: 3, data: 4 } as const;

const MAP_ENTRY = { key: 1, value: 2 } as const;

const NOTHING = new Uint8Array(0);

export function readProposedMessage(reader: MessageReader): ProposedMessage {
  let id = '';
  let data: Uint8Array = NOTHING;
  let metadata: Uint8Array = NOTHING;
  let type: string | undefined;
  let contentType: string | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (field === FIELD.id) id = readWireUuid(reader.nested());
    else if (field === FIELD.data) data = reader.bytes();
    else if (field === FIELD.customMetadata) metadata = reader.bytes();
    else if (field === FIELD.metadata) {
      const [key, value] = readMapEntry(reader.nested());
      if (key === PROPERTY.type) type = value;
      else if (key === PROPERTY.contentType) contentType = value;
    } else reader.skip();
  }
  return { id, type, contentType, data, metadata };
}

function readMapEntry(reader: MessageReader): readonly [key: string, value: string] {
  let key = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === MAP_ENTRY.key) key = reader.text();
    else if (reader.field === MAP_ENTRY.value) value = reader.text();
    else reader.skip();
  }
  return [key, value];
}
