import { partitionOf } from './partition-of.js';

describe('the partition of a stream', () => {
  it('is the same for good: what is recorded depends on it', () => {
    const partitions = ['order-1', 'order-2', 'Bestellung-ä'].map((name) => partitionOf(name, 16));
    expect(partitions).toEqual([1, 6, 9]);
  });

  it('is spread evenly', () => {
    const counts = new Array<number>(16).fill(0);
    for (let order = 0; order < 16_000; order++) {
      const partition = partitionOf(`order-${order}`, 16);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});
