import { randomBytes } from 'node:crypto';
import { RecentIds } from './recent-ids.js';

describe('RecentIds', () => {
  it('knows where an id was first written, and in which stream', () => {
    const ids = new RecentIds(16);
    const id = randomBytes(16);

    ids.add(id, 7, 3);
    ids.add(id, 7, 9);
    ids.add(id, 8, 0);

    expect(ids.revisionIn(7, id)).toBe(3);
    expect(ids.revisionIn(8, id)).toBe(-1);
    expect(ids.revisionIn(7, randomBytes(16))).toBe(-1);
  });

  it('keeps at least as many as its capacity, and forgets the older ones', () => {
    const ids = new RecentIds(64);
    const added = Array.from({ length: 1_000 }, () => randomBytes(16));

    added.forEach((id, revision) => {
      ids.add(id, 1, revision);
    });

    const known = added.filter((id) => ids.revisionIn(1, id) >= 0);
    expect(known).toEqual(added.slice(-known.length));
    expect(known.length).toBeGreaterThanOrEqual(64);
    expect(known.length).toBeLessThanOrEqual(128);
  });

  it('tells ids apart that differ in one bit, however they hash', () => {
    const ids = new RecentIds(1_024);
    const base = Buffer.alloc(16, 1);
    const variants = Array.from({ length: 128 }, (_, bit) => {
      const id = Buffer.from(base);
      id[bit >> 3] = (id[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return id;
    });

    variants.forEach((id, revision) => {
      ids.add(id, 1, revision);
    });

    expect(variants.map((id) => ids.revisionIn(1, id))).toEqual(variants.map((_, n) => n));
    expect(ids.revisionIn(1, base)).toBe(-1);
  });

  it('is empty after it was cleared', () => {
    const ids = new RecentIds(16);
    const id = randomBytes(16);
    ids.add(id, 1, 0);

    ids.clear();

    expect(ids.revisionIn(1, id)).toBe(-1);
  });
});
