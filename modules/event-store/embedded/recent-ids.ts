import { UUID_BYTES } from './uuid-bytes.js';

const WORDS = UUID_BYTES / 4;

/** One generation: an open-addressing table in flat arrays, so that remembering an id costs no garbage. */
class Generation {
  readonly #mask: number;
  readonly #ids: Int32Array;
  readonly #streamIds: Float64Array;
  readonly #revisions: Float64Array;
  size = 0;

  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#ids = new Int32Array(slots * WORDS);
    this.#streamIds = new Float64Array(slots);
    this.#revisions = new Float64Array(slots);
  }

  /** Slot that holds the id, or the free one where it belongs. Ids that a client chose badly only make it slower. */
  slotOf(a: number, b: number, c: number, d: number): number {
    let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca77) ^ d, 0xc2b2ae3d);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WORDS;
      const ids = this.#ids;
      if (this.#streamIds[slot] === 0) return slot;
      if (ids[at] === a && ids[at + 1] === b && ids[at + 2] === c && ids[at + 3] === d) return slot;
    }
  }

  streamIdAt(slot: number): number {
    return this.#streamIds[slot] ?? 0;
  }

  revisionAt(slot: number): number {
    return this.#revisions[slot] ?? -1;
  }

  put(slot: number, id: Buffer, streamId: number, revision: number): void {
    for (let word = 0; word < WORDS; word++) {
      this.#ids[slot * WORDS + word] = id.readInt32LE(word * 4);
    }
    this.#streamIds[slot] = streamId;
    this.#revisions[slot] = revision;
    this.size++;
  }

  clear(): void {
    this.#streamIds.fill(0);
    this.size = 0;
  }
}

/**
 * Ids of the events committed last, with the place where each was first written: what makes a retry with expected revision
 * `any` recognisable. Holds at least `capacity` and at most twice as many; older ids are forgotten.
 */
export class RecentIds {
  readonly #capacity: number;
  #current: Generation;
  #previous: Generation;

  /** @param capacity a power of two */
  constructor(capacity = 65_536) {
    this.#capacity = capacity;
    this.#current = new Generation(capacity * 2);
    this.#previous = new Generation(capacity * 2);
  }

  /** Remembers where the event `id` stands, unless the id is known already. */
  add(id: Buffer, streamId: number, revision: number): void {
    const a = id.readInt32LE(0);
    const b = id.readInt32LE(4);
    const c = id.readInt32LE(8);
    const d = id.readInt32LE(12);
    if (this.#previous.streamIdAt(this.#previous.slotOf(a, b, c, d)) !== 0) return;
    const slot = this.#current.slotOf(a, b, c, d);
    if (this.#current.streamIdAt(slot) !== 0) return;
    this.#current.put(slot, id, streamId, revision);
    if (this.#current.size >= this.#capacity) this.#turn();
  }

  /** Revision of the event `id` in the stream; -1 if the id is not known, or from another stream. */
  revisionIn(streamId: number, id: Buffer): number {
    const a = id.readInt32LE(0);
    const b = id.readInt32LE(4);
    const c = id.readInt32LE(8);
    const d = id.readInt32LE(12);
    for (const generation of [this.#previous, this.#current]) {
      const slot = generation.slotOf(a, b, c, d);
      const owner = generation.streamIdAt(slot);
      if (owner !== 0) return owner === streamId ? generation.revisionAt(slot) : -1;
    }
    return -1;
  }

  clear(): void {
    this.#current.clear();
    this.#previous.clear();
  }

  #turn(): void {
    const oldest = this.#previous;
    oldest.clear();
    this.#previous = this.#current;
    this.#current = oldest;
  }
}
