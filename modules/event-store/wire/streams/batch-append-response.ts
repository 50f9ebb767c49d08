import { status } from '@grpc/grpc-js';
import {
  type AppendOutcome,
  EngineError,
  type EngineErrorDetail,
} from '../../embedded/event-log.js';
import { CallStatus } from '../errors/call-status.js';
import { toCallStatus } from '../errors/to-call-status.js';
import { MessageWriter } from '../protobuf/message-writer.js';
import type { rpc } from '../protocol.js';
import { writeStreamName } from '../wire-text.js';
import {
  batchAccessDenied,
  batchBadRequest,
  batchInternalError,
  batchStreamDeleted,
  batchTimeout,
  batchTooLarge,
  batchWrongExpectedVersion,
} from './batch-error.js';

/** What an append is answered by: its client knows it by the correlation id. */
export interface AppendAddress {
  /** In the form in which the client sent it. */
  readonly correlation: Uint8Array;
  readonly stream: string;
}

/** Fields of `BatchAppendResp`. */
const FIELD = { correlationId: 1, error: 2, success: 3, streamIdentifier: 4 } as const;

/** Fields of `BatchAppendResp.Success`. */
const SUCCESS = { currentRevision: 1, noStream: 2, position: 3, noPosition: 4 } as const;

/** Fields of `AllStreamPosition`. */
const POSITION = { commit: 1, prepare: 2 } as const;

const NOTHING = new Uint8Array(0);

/** What an answer takes at most besides the texts in it. */
const OVERHEAD_BYTES = 96;

/** A character takes at most so many bytes. */
const UTF8_BYTES = 3;

/** What is answered when the events are in the log. */
export function batchSuccess(
  address: AppendAddress,
  { revision, position }: AppendOutcome,
): Buffer {
  return response(address, 0, (writer) => {
    const mark = writer.mark();
    if (position === null) writer.bytes(SUCCESS.noPosition, NOTHING);
    else writePosition(writer, position);
    if (revision < 0) writer.bytes(SUCCESS.noStream, NOTHING);
    else writer.number(SUCCESS.currentRevision, revision);
    writer.enclose(FIELD.success, mark);
  });
}

/** What is answered when they are not, or nobody knows. */
export function batchFailure(address: AppendAddress, error: unknown): Buffer {
  return errorResponse(address, toBatchError(address, error));
}

/** What is answered when the deadline passes first. */
export function batchTooLate(address: AppendAddress): Buffer {
  return errorResponse(address, batchTimeout());
}

function errorResponse(address: AppendAddress, error: rpc.Status): Buffer {
  const bytes = error.serializeBinary();
  return response(address, bytes.length, (writer) => {
    writer.bytes(FIELD.error, bytes);
  });
}

function response(
  { correlation, stream }: AppendAddress,
  resultBytes: number,
  writeResult: (writer: MessageWriter) => void,
): Buffer {
  const addressBytes = correlation.length + UTF8_BYTES * stream.length;
  const writer = new MessageWriter(OVERHEAD_BYTES + addressBytes + resultBytes);
  writeStreamName(writer, FIELD.streamIdentifier, stream);
  writeResult(writer);
  writer.bytes(FIELD.correlationId, correlation);
  return writer.message;
}

function writePosition(writer: MessageWriter, position: number): void {
  const mark = writer.mark();
  writer.number(POSITION.prepare, position);
  writer.number(POSITION.commit, position);
  writer.enclose(SUCCESS.position, mark);
}

function toBatchError({ stream }: AppendAddress, error: unknown): rpc.Status {
  if (error instanceof EngineError) return engineError(error.detail, stream);
  if (!(error instanceof CallStatus)) return batchInternalError(toCallStatus(error).details);
  return error.code === status.PERMISSION_DENIED
    ? batchAccessDenied()
    : batchBadRequest(error.details);
}

function engineError(detail: EngineErrorDetail, stream: string): rpc.Status {
  switch (detail.kind) {
    case 'wrong-expected-version':
      return batchWrongExpectedVersion(detail.expected, detail.current);
    case 'stream-deleted':
      return batchStreamDeleted(stream);
    case 'append-too-large':
      return batchTooLarge(detail.maxBytes);
    case 'invalid-argument':
      return batchBadRequest(detail.message);
    case 'unavailable':
      return batchInternalError(detail.message);
    case 'outcome-unknown':
      return batchTimeout();
  }
}
