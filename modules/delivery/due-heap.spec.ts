import fc from 'fast-check';
import { DueHeap } from './due-heap.js';

describe('the heap of due webhooks', () => {
  it('remembers the earliest time of each webhook', () => {
    const heap = new DueHeap();
    heap.set('a', 30);
    heap.set('a', 10);
    heap.set('a', 20);
    heap.set('b', 15);

    expect(heap.earliest).toBe(10);
    expect(heap.take(5)).toBeUndefined();
    expect(heap.take(100)).toBe('a');
    expect(heap.take(100)).toBe('b');
    expect(heap.take(100)).toBeUndefined();
    expect(heap.earliest).toBeUndefined();
  });

  it('agrees with a plain map, whatever is set and taken', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
          dueAt: fc.integer({ min: 0, max: 50 }),
        }),
        fc.record({ now: fc.integer({ min: 0, max: 60 }) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (history) => {
        const heap = new DueHeap();
        const model = new Map<string, number>();
        for (const step of history) {
          const earliest = Math.min(...model.values());
          let taken = {
            heap: undefined as number | undefined,
            model: undefined as number | undefined,
          };
          if ('id' in step) {
            const known = model.get(step.id) ?? Number.POSITIVE_INFINITY;
            heap.set(step.id, step.dueAt);
            model.set(step.id, Math.min(step.dueAt, known));
          } else {
            const id = heap.take(step.now) ?? 'nothing';
            taken = { heap: model.get(id), model: earliest <= step.now ? earliest : undefined };
            model.delete(id);
          }
          expect(taken.heap).toBe(taken.model);
          expect(heap.earliest ?? Number.POSITIVE_INFINITY).toBe(Math.min(...model.values()));
        }
      }),
    );
  });
});
