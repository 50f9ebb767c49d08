import { MessageReader } from '../protobuf/message-reader.js';
import { type AppendOptions, readAppendOptions } from './append-options.js';
import { type ProposedMessage, readProposedMessage } from './proposed-message.js';

/** A message of Streams.Append: the options first, then one with an event after the other. */
export interface AppendRequest {
  readonly options: AppendOptions | undefined;
  readonly proposed: ProposedMessage | undefined;
  /** Length of the whole request. */
  readonly sizeBytes: number;
}

/** Fields of `AppendReq`: one of them is there. */
const FIELD = { options: 1, proposedMessage: 2 } as const;

export function readAppendRequest(bytes: Buffer): AppendRequest {
  const reader = new MessageReader(bytes);
  const sizeBytes = bytes.length;
  let request: AppendRequest = { options: undefined, proposed: undefined, sizeBytes };
  while (reader.next()) {
    if (reader.field === FIELD.options) {
      request = { options: readAppendOptions(reader.nested()), proposed: undefined, sizeBytes };
    } else if (reader.field === FIELD.proposedMessage) {
      request = { options: undefined, proposed: readProposedMessage(reader.nested()), sizeBytes };
    } else reader.skip();
  }
  return request;
}
