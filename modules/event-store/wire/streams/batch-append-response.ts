import { status } from '@grpc/grpc-js';
import {
  type AppendOutcome,
  EngineError,
  type EngineErrorDetail,
} from '../../embedded/event-log.js';
import { CallStatus } from '../errors/call-status.js';
import { toCallStatus } from '../errors/to-call-status.js';
import { empty, type rpc, shared, streams } from '../protocol.js';
import {
  batchAccessDenied,
  batchBadRequest,
  batchInternalError,
  batchStreamDeleted,
  batchTimeout,
  batchTooLarge,
  batchWrongExpectedVersion,
} from './batch-error.js';

/** What an append is answered by: its client knows it by the correlation id, in the form in which it sent it. */
export interface AppendAddress {
  readonly correlation: shared.UUID;
  readonly stream: shared.StreamIdentifier;
}

/** What is answered when the events are in the log. */
export function batchSuccess(
  address: AppendAddress,
  { revision, position }: AppendOutcome,
): streams.BatchAppendResp {
  const success = new streams.BatchAppendResp.Success();
  if (revision < 0) success.setNoStream(new empty.Empty());
  else success.setCurrentRevision(String(revision));
  if (position === null) success.setNoPosition(new empty.Empty());
  else {
    success.setPosition(
      new shared.AllStreamPosition()
        .setCommitPosition(String(position))
        .setPreparePosition(String(position)),
    );
  }
  return responseTo(address).setSuccess(success);
}

/** What is answered when they are not, or nobody knows. */
export function batchFailure(address: AppendAddress, error: unknown): streams.BatchAppendResp {
  return responseTo(address).setError(toBatchError(address, error));
}

/** What is answered when the deadline passes first. */
export function batchTooLate(address: AppendAddress): streams.BatchAppendResp {
  return responseTo(address).setError(batchTimeout());
}

function responseTo({ correlation, stream }: AppendAddress): streams.BatchAppendResp {
  return new streams.BatchAppendResp().setCorrelationId(correlation).setStreamIdentifier(stream);
}

function toBatchError({ stream }: AppendAddress, error: unknown): rpc.Status {
  if (error instanceof EngineError) return engineError(error.detail, stream);
  if (!(error instanceof CallStatus)) return batchInternalError(toCallStatus(error).details);
  return error.code === status.PERMISSION_DENIED
    ? batchAccessDenied()
    : batchBadRequest(error.details);
}

function engineError(detail: EngineErrorDetail, stream: shared.StreamIdentifier): rpc.Status {
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
