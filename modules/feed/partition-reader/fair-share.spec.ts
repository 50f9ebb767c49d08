import fc from 'fast-check';
import { fairShare } from './fair-share.js';

const instances = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 40 });
const partitions = fc.integer({ min: 1, max: 128 });

describe('a fair share', () => {
  it('is everything for an instance that is alone', () => {
    expect(fairShare('one', [], 16)).toBe(16);
  });

  it('may be nothing when there are more instances than partitions', () => {
    expect(['a', 'b', 'c'].map((instance) => fairShare(instance, ['a', 'b', 'c'], 2))).toEqual([
      1, 1, 0,
    ]);
  });

  it('adds up to all partitions, and differs by one at most, among instances that see each other', () => {
    fc.assert(
      fc.property(instances, partitions, (names, count) => {
        const shares = names.map((instance) => fairShare(instance, names, count));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(count);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
