import { createHash } from 'node:crypto';

/**
 * The partition, counted from 0, that the events of `stream` belong to.
 *
 * The same for every instance and for good: the first four bytes of the SHA-256 of the name, modulo `partitions`.
 */
export function partitionOf(stream: string, partitions: number): number {
  return createHash('sha256').update(stream).digest().readUInt32BE(0) % partitions;
}
