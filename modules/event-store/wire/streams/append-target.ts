import { accessDenied, invalidArgument } from '../errors/call-status.js';

const ALL = '$all';

/** @throws CallStatus if nothing can be written to `stream`: it has no name, or is every stream at once */
export function checkTarget(stream: string): void {
  if (stream === '') throw invalidArgument('The name of a stream is not empty');
  if (stream === ALL) throw accessDenied();
}
