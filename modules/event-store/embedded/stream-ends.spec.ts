import type { LogRecord } from './event-log.js';
import { StreamEnds } from './stream-ends.js';

function record(stream: string, revision: number): LogRecord {
  const content = { data: new Uint8Array(0), metadata: new Uint8Array(0), isJson: false };
  return { ...content, position: 1, stream, revision, id: '', type: 'x', created: 0 };
}

function given(...told: readonly [stream: string, lastRevision: number][]): StreamEnds {
  const ends = new StreamEnds();
  for (const [stream, lastRevision] of told) {
    ends.asked(stream);
    ends.told(stream, lastRevision);
  }
  return ends;
}

describe('the known ends of streams', () => {
  it('answer who looks for more, and nobody else', () => {
    const ends = given(['a', 4]);
    expect(ends.after('a', 5)).toEqual({
      state: 'present',
      records: [],
      next: null,
      lastRevision: 4,
    });
    expect([ends.after('a', 4), ends.after('b', 5)]).toEqual([undefined, undefined]);
  });

  it('follow what is committed', () => {
    const ends = given(['a', 4]);
    ends.committed([record('a', 5), record('b', 0)], new Set(['a', 'b']));
    expect(ends.after('a', 5)).toBeUndefined();
    expect(ends.after('a', 6)).toMatchObject({ lastRevision: 5 });
  });

  it('are not set back by an answer that a commit overtook', () => {
    const ends = given();
    ends.asked('a');
    ends.committed([record('a', 5)], new Set(['a']));
    ends.told('a', 4);
    expect(ends.after('a', 5)).toBeUndefined();
  });

  it.each([
    ['a stream whose events can be hidden', [record('a', 5)]],
    ['changed metadata', [record('$$a', 0)]],
  ])('are forgotten with %s', (_, records) => {
    const ends = given(['a', 4]);
    ends.committed(records, new Set(['$$a']));
    ends.told('a', 4);
    expect(ends.after('a', 6)).toBeUndefined();
  });

  it('are not kept of a stream that is not there, of metadata, or when the file was changed', () => {
    const ends = given(['$$a', 1], ['b', 2]);
    ends.asked('c');
    ends.told('c', undefined);
    ends.clear();
    expect(['$$a', 'b', 'c'].map((stream) => ends.after(stream, 9))).toEqual(
      Array(3).fill(undefined),
    );
  });

  it('are those of the last streams that were asked for', () => {
    const ends = given(...Array.from({ length: 65 }, (_, n) => [`s${n}`, 0] as [string, number]));
    expect(ends.after('s0', 1)).toBeUndefined();
    expect(ends.after('s64', 1)).toBeDefined();
  });
});
