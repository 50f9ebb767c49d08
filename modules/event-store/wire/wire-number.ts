import { TOMBSTONE_REVISION } from '../embedded/event-log.js';

/** 2^64-1: "the end", or "no stream", depending on the field. */
export const UINT64_MAX = '18446744073709551615';

const INT64_MAX = 2n ** 63n - 1n;
const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A uint64 of the protocol as the engine's number: beyond every place there can be is as good as the largest one. */
export function toEngineNumber(text: string): number {
  const value = BigInt(text);
  return value > LARGEST_SAFE ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** Whether a uint64 of the protocol is a revision: those above 2^63-1 are not. */
export function isRevision(text: string): boolean {
  return BigInt(text) <= INT64_MAX;
}

/** A uint64 of the protocol whose sender meant an int64: 2^64-1 is -1. */
export function toSigned(text: string): bigint {
  return BigInt.asIntN(64, BigInt(text));
}

/** A revision of the engine as the protocol has it. */
export function toWireRevision(revision: number): string {
  return revision === TOMBSTONE_REVISION ? INT64_MAX.toString() : String(revision);
}
