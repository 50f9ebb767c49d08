import { ErrorType } from '@eventstore/db-client';

const TYPES: ReadonlySet<unknown> = new Set(Object.values(ErrorType));

/**
 * What kind of error the client gave; `undefined` for an error of anything else. By its `type`, not its class: another copy
 * of the official package has other classes.
 */
export function clientErrorType(error: unknown): ErrorType | undefined {
  const isClients = error instanceof Error && 'type' in error && TYPES.has(error.type);
  return isClients ? (error.type as ErrorType) : undefined;
}

/** Whether `error` is one of the client's, of one of these kinds. */
export function isClientError(error: unknown, ...types: readonly ErrorType[]): boolean {
  const type = clientErrorType(error);
  return type !== undefined && types.includes(type);
}
