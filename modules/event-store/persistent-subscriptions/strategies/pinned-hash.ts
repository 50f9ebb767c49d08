const PRIME_1 = 2654435761;
const PRIME_2 = 2246822519;
const PRIME_3 = 3266489917;
const PRIME_4 = 668265263;
const PRIME_5 = 0x165667b1;

/** Seed with which EventStoreDB hashes the keys of its pinned strategies. */
const SEED = 0xc58f1a7b;

/** How many buckets the keys of a pinned strategy fall into. */
export const BUCKETS = 1024;

/** The bucket of a key. */
export function bucketOf(key: string): number {
  return pinnedHash(Buffer.from(key, 'utf16le'), SEED) % BUCKETS;
}

/**
 * The 32-bit hash behind the pinned strategies of EventStoreDB: an early variant of XXHash32, which differs from the final
 * one in its constants, its lanes and how it treats the last bytes.
 */
export function pinnedHash(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (bytes.length < 16 ? hashShort(view, seed) : hashLong(view, seed)) >>> 0;
}

function hashShort(bytes: DataView, seed: number): number {
  const length = bytes.byteLength;
  let hash = PRIME_5 | 0;
  let salt = (seed + PRIME_1) | 0;
  let at = 0;
  for (; at < length - 4; at += 4) {
    hash = (hash + bytes.getInt32(at, true) + salt) | 0;
    salt = (salt + 1) | 0;
    hash = (hash + Math.imul(rotateLeft(hash, 17), PRIME_4)) | 0;
    hash = Math.imul(hash, PRIME_1);
  }
  for (; at < length; at++) {
    hash = (hash + bytes.getUint8(at) + salt) | 0;
    salt = (salt + 1) | 0;
    hash = Math.imul(hash, PRIME_1);
  }
  hash = (hash + length) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return hash ^ (hash >>> 16);
}

type Lanes = [number, number, number, number];

function hashLong(bytes: DataView, seed: number): number {
  const length = bytes.byteLength;
  const first = (seed + PRIME_1) | 0;
  const second = (Math.imul(first, PRIME_2) + length) | 0;
  const third = Math.imul(second, PRIME_3);
  const lanes: Lanes = [first, second, third, Math.imul(third, PRIME_4)];
  let at = 0;
  for (; at < length - 16; at += 16) {
    lanes[0] = mixed(lanes[0], 13, bytes.getInt32(at, true));
    lanes[1] = mixed(lanes[1], 11, bytes.getInt32(at + 4, true));
    lanes[2] = mixed(lanes[2], 17, bytes.getInt32(at + 8, true));
    lanes[3] = mixed(lanes[3], 19, bytes.getInt32(at + 12, true));
  }
  at = length - 16;
  lanes[0] = finished(lanes[0], 17, bytes.getInt32(at, true), 11);
  lanes[1] = finished(lanes[1], 19, bytes.getInt32(at + 4, true), 17);
  lanes[2] = finished(lanes[2], 13, bytes.getInt32(at + 8, true), 19);
  lanes[3] = finished(lanes[3], 11, bytes.getInt32(at + 12, true), 13);
  return merged(lanes, length);
}

function merged(lanes: Lanes, length: number): number {
  let hash =
    (lanes[0] + rotateLeft(lanes[1], 3) + rotateLeft(lanes[2], 6) + rotateLeft(lanes[3], 9)) | 0;
  hash ^= hash >>> 11;
  hash = (hash + Math.imul((PRIME_4 + length) | 0, PRIME_1)) | 0;
  hash ^= hash >>> 15;
  hash = Math.imul(hash, PRIME_2);
  return hash ^ (hash >>> 13);
}

function mixed(lane: number, rotation: number, word: number): number {
  return (Math.imul((lane + rotateLeft(lane, rotation)) | 0, PRIME_1) + word) | 0;
}

function finished(lane: number, before: number, word: number, after: number): number {
  const end = Math.imul(mixed(lane, before, word), PRIME_2);
  return Math.imul((end + rotateLeft(end, after)) | 0, PRIME_3);
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
