import * as official from '@eventstore/db-client';

/** gRPC's own error, which the official client lets through where it asks for the server's features. */
interface GrpcError extends Error {
  readonly code: number;
}

const CLASSES = new Map(
  Object.entries(official).filter(([name]) => name.endsWith('Error')),
) as ReadonlyMap<string, { readonly prototype: Error }>;

/** What Node and gRPC call a connection that is gone, and the client a cluster in which nobody answers. */
const LOST = /^(?:ERR_(?:STREAM|HTTP2)_|E[A-Z]+$)/;
const UNDISCOVERED = 'Failed to discover after';

/**
 * The error as the application knows it: of the classes of its own `@eventstore/db-client`, whichever copy of the package
 * threw it, and always one of them when the connection is at fault. An error of Posthorn's own copy would be no instance
 * of the classes that an application compares it with.
 */
export function adoptError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (official.isCommandError(error)) return error;
  const known = 'type' in error ? CLASSES.get(error.constructor.name) : undefined;
  if (known) return Object.setPrototypeOf(error, known.prototype) as Error;
  if (isGrpcError(error)) return official.convertToCommandError(error);
  const { code } = error as { code?: unknown };
  const isLost =
    (typeof code === 'string' && LOST.test(code)) || error.message.startsWith(UNDISCOVERED);
  return isLost ? causedBy(error) : error;
}

function isGrpcError(error: Error): error is GrpcError {
  return 'code' in error && typeof error.code === 'number';
}

function causedBy(error: Error): official.UnavailableError {
  return Object.assign(new official.UnavailableError(undefined, error.message), { cause: error });
}
