import { MessageReader } from '../protobuf/message-reader.js';
import { readWireUuid } from '../wire-uuid.js';
import { type AppendOptions, readAppendOptions } from './append-options.js';
import { type ProposedMessage, readProposedMessage } from './proposed-message.js';

/** A chunk of one append of a batch. */
export interface BatchAppendRequest {
  /** The UUID that tells the append from the others, as it was sent: the answer has it in the same form. */
  readonly correlation: Uint8Array;
  /** The same as lower-case text; empty if there is none. */
  readonly correlationId: string;
  /** With the first chunk alone. */
  readonly options: AppendOptions | undefined;
  readonly proposed: readonly ProposedMessage[];
  readonly isFinal: boolean;
  /** Length of the whole request. */
  readonly sizeBytes: number;
}

/** Fields of `BatchAppendReq`. */
const FIELD = { correlationId: 1, options: 2, proposedMessages: 3, isFinal: 4 } as const;

const NOTHING = new Uint8Array(0);

export function readBatchAppendRequest(bytes: Buffer): BatchAppendRequest {
  const reader = new MessageReader(bytes);
  const proposed: ProposedMessage[] = [];
  let correlation: Uint8Array = NOTHING;
  let options: AppendOptions | undefined;
  let isFinal = false;
  while (reader.next()) {
    const { field } = reader;
    if (field === FIELD.proposedMessages) proposed.push(readProposedMessage(reader.nested()));
    else if (field === FIELD.options) options = readAppendOptions(reader.nested());
    else if (field === FIELD.correlationId) correlation = reader.bytes();
    else if (field === FIELD.isFinal) isFinal = reader.number() !== 0;
    else reader.skip();
  }
  const correlationId = readWireUuid(new MessageReader(correlation));
  return { correlation, correlationId, options, proposed, isFinal, sizeBytes: bytes.length };
}
