import fc from 'fast-check';
import { Agenda } from './agenda.js';

describe('the agenda', () => {
  it('remembers the earliest time of each key', () => {
    const agenda = new Agenda();
    agenda.set('a', 30);
    agenda.set('a', 10);
    agenda.set('a', 20);
    agenda.set('b', 15);

    expect(agenda.earliest).toBe(10);
    expect(agenda.take(5)).toBeUndefined();
    expect(agenda.take(100)).toBe('a');
    expect(agenda.take(100)).toBe('b');
    expect(agenda.take(100)).toBeUndefined();
    expect(agenda.earliest).toBeUndefined();
  });

  it('forgets what was deleted, and takes it again with a later time', () => {
    const agenda = new Agenda();
    agenda.set('a', 10);
    agenda.delete('a');
    expect(agenda.earliest).toBeUndefined();

    agenda.set('a', 20);
    expect(agenda.take(15)).toBeUndefined();
    expect(agenda.take(20)).toBe('a');
  });

  it('agrees with a plain map, whatever is set, deleted and taken', () => {
    const keys = fc.nat(120).map(String);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ key: keys, at: fc.nat(50) }) },
      { weight: 3, arbitrary: fc.record({ gone: keys }) },
      { weight: 1, arbitrary: fc.record({ now: fc.nat(60) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (history) => {
        const agenda = new Agenda();
        const model = new Map<string, number>();
        const taken: unknown[] = [];
        const expected: unknown[] = [];
        for (const step of history) {
          const earliest = Math.min(...model.values());
          if ('key' in step) {
            agenda.set(step.key, step.at);
            model.set(step.key, Math.min(step.at, model.get(step.key) ?? Infinity));
          } else if ('gone' in step) {
            agenda.delete(step.gone);
            model.delete(step.gone);
          } else {
            const key = agenda.take(step.now) ?? 'nothing';
            taken.push(model.get(key));
            expected.push(earliest <= step.now ? earliest : undefined);
            model.delete(key);
          }
          expect(agenda.earliest ?? Infinity).toBe(Math.min(...model.values()));
          expect(agenda.size).toBe(model.size);
        }
        expect(taken).toEqual(expected);
      }),
    );
  });
});
