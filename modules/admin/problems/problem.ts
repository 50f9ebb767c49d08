import { STATUS_CODES } from 'node:http';
import { ErrorType, isCommandError, WrongExpectedVersionError } from '@eventstore/db-client';
import { HttpException, HttpStatus } from '@nestjs/common';
import {
  type ErrorCode,
  ERROR_REGISTRY,
  type FieldProblem,
  PosthornError,
} from '../../kernel/index.js';

/** An error as the REST face shows it: RFC 9457, with the stable code and the fix as extension members. */
export interface Problem {
  /** `urn:posthorn:error:` and the code; `about:blank` for an error that is not of Posthorn. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened this time. Holds no payload and no secret. */
  readonly detail: string;
  readonly code?: ErrorCode;
  readonly fix?: string;
  /** Every mistake in the input. */
  readonly problems?: readonly FieldProblem[];
  /** Where the stream really is, when it is not at the expected revision; `null` when there is no stream. */
  readonly currentRevision?: string | null;
}

/** The problem to answer with. What is not known is an internal error, whose message stays inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof PosthornError) return ofCode(error.code, error.message, error.problems);
  if (error instanceof HttpException) return ofHttpException(error);
  if (error instanceof Error && isCommandError(error)) return ofEventStoreError(error);
  return ofCode(
    'PSH_KERNEL_INTERNAL',
    'The request failed inside Posthorn; the log has the cause.',
  );
}

function ofCode(
  code: ErrorCode,
  detail: string = ERROR_REGISTRY[code].title,
  problems: readonly FieldProblem[] = [],
): Problem {
  const { title, status, fix } = ERROR_REGISTRY[code];
  return {
    type: `urn:posthorn:error:${code}`,
    title,
    status,
    detail,
    code,
    fix,
    ...(problems.length > 0 && { problems }),
  };
}

/** Statuses that the HTTP server and its body parser answer with, and what they mean here. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  [HttpStatus.NOT_FOUND]: 'PSH_API_ROUTE_NOT_FOUND',
  [HttpStatus.PAYLOAD_TOO_LARGE]: 'PSH_API_BODY_TOO_LARGE',
  [HttpStatus.UNSUPPORTED_MEDIA_TYPE]: 'PSH_API_UNSUPPORTED_MEDIA_TYPE',
  [HttpStatus.BAD_REQUEST]: 'PSH_API_BAD_REQUEST',
};

function ofHttpException(error: HttpException): Problem {
  const status = error.getStatus();
  if (typeOf(error.cause) === 'entity.parse.failed') return ofCode('PSH_API_MALFORMED_BODY');
  const code = CODE_OF_STATUS[status];
  if (code) return ofCode(code);
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: 'about:blank', title, status, detail: error.message };
}

/** The word by which the body parser names what went wrong. */
function typeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'type' in cause ? cause.type : undefined;
}

const CODE_OF_EVENT_STORE_ERROR: Readonly<Partial<Record<ErrorType, ErrorCode>>> = {
  [ErrorType.STREAM_DELETED]: 'PSH_API_STREAM_DELETED',
  [ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED]: 'PSH_API_APPEND_TOO_LARGE',
  [ErrorType.TIMEOUT]: 'PSH_API_OUTCOME_UNKNOWN',
  [ErrorType.DEADLINE_EXCEEDED]: 'PSH_API_OUTCOME_UNKNOWN',
  [ErrorType.UNKNOWN]: 'PSH_API_OUTCOME_UNKNOWN',
  [ErrorType.UNAVAILABLE]: 'PSH_API_UNAVAILABLE',
  [ErrorType.CANCELLED]: 'PSH_API_UNAVAILABLE',
  [ErrorType.NOT_LEADER]: 'PSH_API_UNAVAILABLE',
};

function ofEventStoreError(error: { readonly type: ErrorType }): Problem {
  if (error instanceof WrongExpectedVersionError) {
    const { actualVersion } = error;
    const currentRevision = typeof actualVersion === 'bigint' ? actualVersion.toString() : null;
    return { ...ofCode('PSH_API_WRONG_EXPECTED_REVISION'), currentRevision };
  }
  const code = CODE_OF_EVENT_STORE_ERROR[error.type];
  return code
    ? ofCode(code)
    : ofCode('PSH_KERNEL_INTERNAL', 'The event store refused; the log has the cause.');
}
