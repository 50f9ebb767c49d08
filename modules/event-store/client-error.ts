import { type ErrorType, isCommandError } from '@eventstore/db-client';

/** Whether `error` is one of the client's, of one of these kinds. */
export function isClientError(error: unknown, ...types: readonly ErrorType[]): boolean {
  return error instanceof Error && isCommandError(error) && types.includes(error.type);
}
