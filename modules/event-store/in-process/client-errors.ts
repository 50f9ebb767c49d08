import {
  type AppendExpectedRevision,
  InvalidArgumentError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  UnavailableError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import {
  EngineError,
  type EngineErrorDetail,
  type ExpectedRevision,
} from '../embedded/event-log.js';

type WrongExpectedVersion = Extract<EngineErrorDetail, { kind: 'wrong-expected-version' }>;

/** What the official client throws where the engine throws `error`; other errors pass unchanged. */
export function toClientError(error: unknown): Error {
  if (!(error instanceof EngineError))
    return error instanceof Error ? error : new Error(String(error));
  const { detail } = error;
  switch (detail.kind) {
    case 'wrong-expected-version':
      return wrongExpectedVersion(detail);
    case 'stream-deleted':
      return streamDeleted(detail.stream);
    case 'append-too-large':
      return withMessage(
        new MaxAppendSizeExceededError(undefined, detail.maxBytes),
        `The events of one append may carry ${detail.maxBytes} bytes of data`,
      );
    case 'invalid-argument':
      return new InvalidArgumentError(detail.message);
    case 'unavailable':
    case 'outcome-unknown':
      return new UnavailableError(undefined, detail.message);
  }
}

/** The error of a stream that was tombstoned. */
export function streamDeleted(stream: string): StreamDeletedError {
  return withMessage(
    new StreamDeletedError(undefined, stream),
    `Event stream '${stream}' is deleted.`,
  );
}

/** As the official client throws it for appends. */
function wrongExpectedVersion(detail: WrongExpectedVersion): WrongExpectedVersionError {
  return withMessage(
    new WrongExpectedVersionError(undefined, {
      streamName: detail.stream,
      expected: clientRevision(detail.expected),
      current: detail.current < 0 ? 'no_stream' : BigInt(detail.current),
    }),
    describe('Append', detail),
  );
}

const EXPECTED_NUMBERS = { any: -2n, no_stream: -1n, stream_exists: -4n } as const;

/** As the official client throws it for deletions: there both versions are numbers. */
export function toDeletionError(error: unknown): Error {
  if (!(error instanceof EngineError) || error.detail.kind !== 'wrong-expected-version') {
    return toClientError(error);
  }
  const { detail } = error;
  const { expected } = detail;
  return withMessage(
    new WrongExpectedVersionError(undefined, {
      streamName: detail.stream,
      expected: typeof expected === 'number' ? BigInt(expected) : EXPECTED_NUMBERS[expected],
      current: BigInt(detail.current),
    }),
    describe('Delete', detail),
  );
}

function describe(call: string, { stream, expected, current }: WrongExpectedVersion): string {
  return (
    `${call} failed due to WrongExpectedVersion. Stream: ${stream}, ` +
    `Expected version: ${String(expected)}, Actual version: ${String(current)}`
  );
}

function clientRevision(expected: ExpectedRevision): AppendExpectedRevision {
  return typeof expected === 'number' ? BigInt(expected) : expected;
}

/** The classes take no message where there is no answer of a server, and an error without one helps nobody. */
function withMessage<E extends Error>(error: E, message: string): E {
  error.message = message;
  return error;
}
