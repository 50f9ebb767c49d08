import type { ExpectedRevision } from '../../embedded/event-log.js';
import { any, code as codes, empty, rpc, shared } from '../protocol.js';
import { streamIdentifier } from '../wire-text.js';

const { Code } = codes;

const TYPE_URL = 'type.googleapis.com/';

/** Why an append of a batch failed: clients go by the name of the type, and read its content. */
interface Reason {
  readonly name: string;
  /** As EventStoreDB numbers it; clients do not look at it. */
  readonly code: codes.Code;
  readonly message?: string;
  readonly type?: string;
  readonly content: { serializeBinary(): Uint8Array };
}

function toStatus({ name, code, message = name, type, content }: Reason): rpc.Status {
  const details = new any.Any()
    .setTypeUrl(TYPE_URL + (type ?? `event_store.client.${name}`))
    .setValue(content.serializeBinary());
  return new rpc.Status().setCode(code).setMessage(message).setDetails(details);
}

export function batchWrongExpectedVersion(expected: ExpectedRevision, current: number): rpc.Status {
  const content = new shared.WrongExpectedVersion();
  if (current < 0) content.setCurrentNoStream(new empty.Empty());
  else content.setCurrentStreamRevision(String(current));
  if (expected === 'any') content.setExpectedAny(new empty.Empty());
  else if (expected === 'no_stream') content.setExpectedNoStream(new empty.Empty());
  else if (expected === 'stream_exists') content.setExpectedStreamExists(new empty.Empty());
  else content.setExpectedStreamPosition(String(expected));
  return toStatus({ name: 'WrongExpectedVersion', code: Code.ALREADY_EXISTS, content });
}

export function batchStreamDeleted(stream: string): rpc.Status {
  const content = new shared.StreamDeleted().setStreamIdentifier(streamIdentifier(stream));
  return toStatus({ name: 'StreamDeleted', code: Code.NOT_FOUND, content });
}

export function batchAccessDenied(): rpc.Status {
  return toStatus({
    name: 'AccessDenied',
    code: Code.PERMISSION_DENIED,
    content: new shared.AccessDenied(),
  });
}

/** The outcome is not known in time: clients treat it as a deadline that passed. */
export function batchTimeout(): rpc.Status {
  return toStatus({ name: 'Timeout', code: Code.DEADLINE_EXCEEDED, content: new shared.Timeout() });
}

export function batchTooLarge(maxBytes: number): rpc.Status {
  const content = new shared.MaximumAppendSizeExceeded().setMaxappendsize(maxBytes);
  return toStatus({ name: 'MaximumAppendSizeExceeded', code: Code.INVALID_ARGUMENT, content });
}

export function batchBadRequest(message: string): rpc.Status {
  const content = new shared.BadRequest().setMessage(message);
  return toStatus({ name: 'BadRequest', code: Code.INVALID_ARGUMENT, message, content });
}

export function batchInternalError(message: string): rpc.Status {
  const content = new empty.Empty();
  return toStatus({
    name: 'InternalError',
    code: Code.INTERNAL,
    message,
    type: 'google.protobuf.Empty',
    content,
  });
}
