import fc from 'fast-check';
import type { WriteRequest } from './batch.js';
import type { ExpectedRevision } from './event-log.js';
import { decodeRecords } from './record-codec.js';
import { proposed } from '../../../test/support/embedded-log-fixtures.js';
import { type WriteOutcome, WriterHarness } from '../../../test/support/writer-harness.js';

/** Event ids that the tests choose from, so that retries and near-retries are common. */
const IDS = Array.from({ length: 6 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);

/** A stream as simply as the rules can be written down. */
interface ModelStream {
  ids: string[];
  firstVisible: number;
  hasMetadata: boolean;
  isSoftDeleted: boolean;
  isTombstoned: boolean;
}

/** EventStoreDB's rules for expected revisions, as its documentation of `CheckCommit` tells them, on lists in memory. */
class Model {
  readonly streams = new Map<string, ModelStream>();
  /** Where each id was first written. */
  readonly #first = new Map<string, { stream: string; revision: number }>();

  stream(name: string): ModelStream {
    const stream = this.streams.get(name) ?? {
      ids: [],
      firstVisible: 0,
      hasMetadata: false,
      isSoftDeleted: false,
      isTombstoned: false,
    };
    this.streams.set(name, stream);
    return stream;
  }

  apply(request: WriteRequest): Pick<WriteOutcome, 'kind' | 'revision'> {
    const stream = this.stream(request.stream);
    const ids = request.events.map(({ id }) => id);
    const current = stream.ids.length - 1;
    const verdict = this.#check(request.stream, stream, request.expected, ids);
    if (verdict === 'streamDeleted') return { kind: verdict, revision: current };
    if (verdict === 'wrongVersion') return { kind: verdict, revision: current };
    if (typeof verdict === 'number') return { kind: 'repeated', revision: verdict };
    return request.kind === 'append'
      ? this.#append(request.stream, stream, ids)
      : this.#delete(stream, request.kind === 'tombstone');
  }

  #append(name: string, stream: ModelStream, ids: readonly string[]) {
    if (stream.isSoftDeleted) {
      stream.isSoftDeleted = false;
      stream.firstVisible = stream.ids.length;
    }
    for (const id of ids) {
      if (!this.#first.has(id)) this.#first.set(id, { stream: name, revision: stream.ids.length });
      stream.ids.push(id);
    }
    return { kind: 'appended', revision: stream.ids.length - 1 } as const;
  }

  #delete(stream: ModelStream, isHard: boolean) {
    const current = stream.ids.length - 1;
    const exists = current >= 0 || stream.hasMetadata;
    if (!isHard && !exists) return { kind: 'wrongVersion', revision: current } as const;
    if (isHard) stream.isTombstoned = true;
    else {
      stream.isSoftDeleted = true;
      stream.hasMetadata = true;
    }
    return { kind: 'appended', revision: current } as const;
  }

  /** A number is the revision up to which the append was made before. */
  #check(name: string, stream: ModelStream, expected: ExpectedRevision, ids: readonly string[]) {
    if (stream.isTombstoned) return 'streamDeleted';
    const exists = stream.ids.length > 0 || stream.hasMetadata;
    if (expected === 'stream_exists' && stream.isSoftDeleted) return 'streamDeleted';
    if (expected === 'stream_exists' && !exists) return 'wrongVersion';
    if (expected === 'any' || expected === 'stream_exists') return this.#checkFirst(name, ids);
    return checkStored(stream, expected === 'no_stream' ? -1 : expected, ids);
  }

  #checkFirst(name: string, ids: readonly string[]) {
    const known = ids.map((id) => this.#first.get(id)).map((at) => at?.stream === name && at);
    if (!known[0]) return 'accept';
    const last = known.at(-1);
    return known.every(Boolean) && last ? last.revision : 'wrongVersion';
  }
}

function checkStored(stream: ModelStream, from: number, ids: readonly string[]) {
  const current = stream.ids.length - 1;
  if (from === current) return 'accept';
  if (from > current || ids.length === 0) return 'wrongVersion';
  const equal = ids.map((id, index) => stream.ids[from + 1 + index] === id);
  if (equal.every(Boolean)) return from + ids.length;
  return !equal[0] && from === -1 && stream.isSoftDeleted ? 'accept' : 'wrongVersion';
}

const expectedRevision = fc.oneof(
  fc.constantFrom<ExpectedRevision>('any', 'no_stream', 'stream_exists'),
  fc.nat({ max: 5 }),
);

const request: fc.Arbitrary<WriteRequest> = fc
  .record({
    kind: fc.constantFrom<WriteRequest['kind']>(
      ...Array<'append'>(12).fill('append'),
      'soft-delete',
      'soft-delete',
      'tombstone',
    ),
    stream: fc.constantFrom('a', 'b', 'c'),
    expected: expectedRevision,
    ids: fc.array(fc.constantFrom(...IDS), { maxLength: 4 }),
  })
  .map(({ kind, stream, expected, ids }) => ({
    kind,
    stream,
    expected,
    events: kind === 'append' ? ids.map((id) => proposed(id, { id })) : [proposed()],
  }));

describe('expected revisions and retries', () => {
  it('are judged as the rules say, whatever came before and however appends are batched', () => {
    fc.assert(
      fc.property(fc.array(fc.array(request, { maxLength: 8 }), { maxLength: 8 }), (batches) => {
        const engine = new WriterHarness();
        const model = new Model();
        for (const batch of batches) {
          const { outcomes } = engine.write(batch);
          const expected = batch.map((one) => model.apply(one));
          expect(outcomes.map(withoutPlace)).toEqual(expected.map(withoutPlace));
        }
        for (const [name, stream] of model.streams) {
          expect(contentOf(engine, name)).toEqual(modelContentOf(stream));
        }
        engine.close();
      }),
      { numRuns: 300 },
    );
  });
});

/** The revision that a deletion answers with means nothing. */
function withoutPlace({ kind, revision }: Pick<WriteOutcome, 'kind' | 'revision'>) {
  return kind === 'streamDeleted' ? { kind } : { kind, revision };
}

function contentOf({ reader, now }: WriterHarness, stream: string) {
  const result = reader.read(
    { kind: 'stream', stream, isForwards: true, from: 0, limit: 1_000, resolveLinks: false },
    now,
  );
  if (result.kind !== 'stream') throw new Error('another answer');
  return {
    state: result.state,
    ids: decodeRecords(result.records).map(({ event }) => event?.id),
  };
}

function modelContentOf({ ids, firstVisible, isSoftDeleted, isTombstoned }: ModelStream) {
  if (isTombstoned) return { state: 'tombstoned', ids: [] };
  if (isSoftDeleted || ids.length === 0) return { state: 'missing', ids: [] };
  return { state: 'present', ids: ids.slice(firstVisible) };
}
