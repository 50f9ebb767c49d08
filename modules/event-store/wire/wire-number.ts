import { TOMBSTONE_REVISION } from '../embedded/event-log.js';

/** 2^64-1: "the end", or "no stream", depending on the field. */
export const UINT64_MAX = 2n ** 64n - 1n;

/** The largest revision of the protocol: that of a tombstone. */
export const INT64_MAX = 2n ** 63n - 1n;

const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A uint64 of the protocol as the engine's number: beyond every place there can be is as good as the largest one. */
export function toEngineNumber(value: bigint): number {
  return value > LARGEST_SAFE ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** A uint64 of the protocol whose sender meant an int64: 2^64-1 is -1. */
export function toSigned(text: string): bigint {
  return BigInt.asIntN(64, BigInt(text));
}

/** Whether a revision of the engine is the protocol's largest, which is beyond the numbers that are exact here. */
export function isTombstone(revision: number): boolean {
  return revision === TOMBSTONE_REVISION;
}
