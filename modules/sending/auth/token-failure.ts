import { SendFailure, verdictOfFailure } from '../send-failure.js';
import type { AttemptVerdict } from '../sender.js';

/**
 * There is no access token, and why. Not the endpoint's fault:
 *
 * - `postpone`: the token endpoint cannot be reached, or is in trouble. The delivery waits.
 * - `retry`: it refuses the client, or answers what is no token. A failed attempt, retried by the schedule.
 * - `reject`: its URL is one that may not be asked. Another attempt would meet the same.
 *
 * @param reason names no secret, and nothing that a server wrote
 */
export function tokenFailure(verdict: AttemptVerdict, reason: string): SendFailure {
  return new SendFailure('token_error', `no access token: ${reason}`, { verdict });
}

/** The failure of a request to a token endpoint, or to an issuer, as that of a token. */
export function tokenFailureOf(failure: SendFailure): SendFailure {
  const { errorClass, message } = failure;
  if (errorClass === 'aborted' || errorClass === 'token_error') return failure;
  return tokenFailure(verdictOf(failure), `${errorClass}: ${message}`);
}

function verdictOf({ errorClass }: SendFailure): AttemptVerdict {
  if (verdictOfFailure(errorClass) === 'reject') return 'reject';
  const isAnswer = errorClass === 'response_too_large' || errorClass === 'invalid_response';
  return isAnswer ? 'retry' : 'postpone';
}
