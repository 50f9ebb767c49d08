import { MessageReader } from '../protobuf/message-reader.js';
import { readWireUuid } from '../wire-uuid.js';
import { persistent } from '../protocol.js';

/** What a consumer says: first which group it wants, then what became of the messages it was given. */
export type ConsumerRequest =
  | { readonly kind: 'options'; readonly options: persistent.ReadReq.Options }
  | { readonly kind: 'ack'; readonly ids: readonly string[] }
  | {
      readonly kind: 'nack';
      readonly ids: readonly string[];
      /** As it was sent: not every number is an action. */
      readonly action: number;
      readonly reason: string;
    }
  | { readonly kind: 'nothing' };

/** Fields of `ReadReq`: one of them is there. */
const FIELD = { options: 1, ack: 2, nack: 3 } as const;

/** Fields of `ReadReq.Nack`; `ReadReq.Ack` has the same ids. */
const NACK = { ids: 2, action: 3, reason: 4 } as const;

export function readConsumerRequest(bytes: Buffer): ConsumerRequest {
  const reader = new MessageReader(bytes);
  let request: ConsumerRequest = { kind: 'nothing' };
  while (reader.next()) {
    if (reader.field === FIELD.ack) {
      request = { kind: 'ack', ids: readNack(reader.nested()).ids };
    } else if (reader.field === FIELD.nack) {
      request = { kind: 'nack', ...readNack(reader.nested()) };
    } else if (reader.field === FIELD.options) {
      const options = persistent.ReadReq.Options.deserializeBinary(reader.bytes());
      request = { kind: 'options', options };
    } else reader.skip();
  }
  return request;
}

function readNack(reader: MessageReader) {
  const ids: string[] = [];
  let action = 0;
  let reason = '';
  while (reader.next()) {
    if (reader.field === NACK.ids) ids.push(readWireUuid(reader.nested()));
    else if (reader.field === NACK.action) action = reader.number();
    else if (reader.field === NACK.reason) reason = reader.text();
    else reader.skip();
  }
  return { ids, action, reason };
}
