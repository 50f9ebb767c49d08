import { Metadata, status } from '@grpc/grpc-js';
import type { ExpectedRevision } from '../../embedded/event-log.js';
import { EXCEPTION, TRAILER, trailers } from './trailers.js';

/** How a call ends that fails: code, text and trailers, as EventStoreDB sends them. */
export class CallStatus extends Error {
  override readonly name = 'CallStatus';
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, metadata = new Metadata()) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = metadata;
  }
}

/** What a server answers that did not foresee the failure. */
export function handlerFailed(): CallStatus {
  return new CallStatus(status.UNKNOWN, 'Exception was thrown by handler.');
}

export function unknownFailure(details: string): CallStatus {
  return new CallStatus(status.UNKNOWN, details);
}

export function invalidArgument(details: string): CallStatus {
  return new CallStatus(status.INVALID_ARGUMENT, details);
}

export function unavailable(details: string): CallStatus {
  return new CallStatus(status.UNAVAILABLE, details);
}

export function cancelled(details: string): CallStatus {
  return new CallStatus(status.CANCELLED, details);
}

/** Wrong name or password. */
export function unauthenticated(): CallStatus {
  return new CallStatus(status.UNAUTHENTICATED, 'Unauthenticated');
}

/** Nobody in particular asks for something that is not for everybody. */
export function accessDenied(): CallStatus {
  const metadata = trailers({ [TRAILER.exception]: EXCEPTION.accessDenied });
  return new CallStatus(status.PERMISSION_DENIED, 'Access Denied', metadata);
}

export function streamDeleted(stream: string): CallStatus {
  return new CallStatus(
    status.FAILED_PRECONDITION,
    `Event stream '${stream}' is deleted.`,
    trailers({ [TRAILER.exception]: EXCEPTION.streamDeleted, [TRAILER.streamName]: stream }),
  );
}

const EXPECTED_NUMBERS = { any: -2, no_stream: -1, stream_exists: -4 } as const;

/** Deletions answer like this; appends have a message of their own for it. */
export function wrongExpectedVersion(
  stream: string,
  expected: ExpectedRevision,
  actual: number,
): CallStatus {
  const number = String(typeof expected === 'number' ? expected : EXPECTED_NUMBERS[expected]);
  return new CallStatus(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, ` +
      `Expected version: ${number}, Actual version: ${actual}`,
    trailers({
      [TRAILER.exception]: EXCEPTION.wrongExpectedVersion,
      [TRAILER.streamName]: stream,
      [TRAILER.expectedVersion]: number,
      [TRAILER.actualVersion]: String(actual),
    }),
  );
}

export function maximumAppendSizeExceeded(maxBytes: number): CallStatus {
  return new CallStatus(
    status.INVALID_ARGUMENT,
    `Maximum Append Size of ${maxBytes} Exceeded.`,
    trailers({
      [TRAILER.exception]: EXCEPTION.maximumAppendSizeExceeded,
      [TRAILER.maximumAppendSize]: String(maxBytes),
    }),
  );
}

export function missingMetadata(property: string, required: readonly string[]): CallStatus {
  return new CallStatus(
    status.INVALID_ARGUMENT,
    `Required Metadata Property '${property}' is missing`,
    trailers({
      [TRAILER.exception]: EXCEPTION.missingMetadata,
      [TRAILER.requiredMetadataProperties]: required.join(','),
    }),
  );
}
