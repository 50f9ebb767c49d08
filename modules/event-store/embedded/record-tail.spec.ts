import fc from 'fast-check';
import type { WriteRequest } from './batch.js';
import type { LogRecord, ResolvedRecord } from './event-log.js';
import { compileFilter } from './log-filter.js';
import type { ReaderQuery } from './reader-protocol.js';
import { decodeRecords } from './record-codec.js';
import { RecordTail } from './record-tail.js';
import { proposed } from '../../../test/support/embedded-log-fixtures.js';
import { WriterHarness } from '../../../test/support/writer-harness.js';

const STREAMS = ['a', 'b', '$$a', '$$b', '$persistentsubscription-$all::g-checkpoint'];
const METADATA = ['{"$maxCount":2}', '{"$tb":3}', '{}', '{"$maxAge":1}', 'no JSON'];

const request: fc.Arbitrary<WriteRequest> = fc
  .record({
    kind: fc.constantFrom<WriteRequest['kind']>(
      ...Array<'append'>(15).fill('append'),
      'soft-delete',
      'tombstone',
    ),
    stream: fc.constantFrom('a', 'a', 'b', 'b', ...STREAMS),
    metadata: fc.constantFrom(...METADATA),
    types: fc.array(fc.constantFrom('x', 'y', '$>'), { minLength: 1, maxLength: 3 }),
  })
  .map(({ kind, stream, metadata, types }) => ({
    kind,
    stream,
    expected: 'any' as const,
    events: (kind === 'append' ? types : ['x']).map((type) =>
      stream.startsWith('$$')
        ? proposed('', { data: Buffer.from(metadata) })
        : proposed('', { type, data: Buffer.from(`0@${stream}`) }),
    ),
  }));

interface Query {
  readonly stream: string;
  readonly isForwards: boolean;
  /** Revision; `null` for the end. */
  readonly from: number | null;
  readonly position: number;
  readonly limit: number;
  readonly resolveLinks: boolean;
  /** Prefix of types; empty for no filter. */
  readonly type: string;
}

const query: fc.Arbitrary<Query> = fc.record({
  stream: fc.constantFrom(...STREAMS),
  isForwards: fc.boolean(),
  from: fc.option(fc.nat({ max: 12 })),
  position: fc.nat({ max: 40 }),
  limit: fc.integer({ min: 1, max: 6 }),
  resolveLinks: fc.boolean(),
  type: fc.constantFrom('x', 'y', ''),
});

describe('RecordTail', () => {
  it('answers a read as the file does, or not at all', () => {
    let answered = 0;
    fc.assert(
      fc.property(
        fc.array(fc.array(request, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        fc.array(query, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 20 }),
        (batches, queries, maxRecords) => {
          const engine = new WriterHarness();
          const tail = new RecordTail(0, { maxRecords, maxBytes: 1_000_000 });
          for (const batch of batches) {
            const { committed } = engine.write(batch);
            tail.add(committed.records, committed.plainStreams);
            engine.now += 700;
          }
          for (const one of queries) answered += compare(engine, tail, one);
          engine.close();
        },
      ),
      { numRuns: 300 },
    );
    expect(answered).toBeGreaterThan(500);
  });

  it('holds no more than its limits, and forgets everything when it is told to', () => {
    const tail = new RecordTail(0, { maxRecords: 1_000, maxBytes: 20_000 });
    const content = Buffer.alloc(1_000);
    for (let position = 1; position <= 100; position++) tail.add([record(position, content)], all);

    expect(tail.readAll(page(80))).toBeUndefined();
    expect(tail.readAll(page(90))?.records).toHaveLength(11);
    tail.clear();

    expect(tail.head).toBe(100);
    expect(tail.readAll(page(100))).toBeUndefined();
    expect(tail.readAll(page(101))).toMatchObject({ records: [], isEnd: true, next: 101 });
    expect(tail.readStream({ ...stream, from: 99 })).toBeUndefined();
    tail.add([record(101, content)], all);
    expect(tail.readStream({ ...stream, from: 100 })?.records).toHaveLength(1);
  });
});

const all = new Set(['s']);
const stream = { stream: 's', isForwards: true, limit: 10, resolveLinks: false };
const page = (from: number) => ({
  from,
  limit: 100,
  searchWindow: 100,
  matches: compileFilter(undefined),
  resolveLinks: false,
});

function record(position: number, data: Buffer): LogRecord {
  const { id, type, isJson, metadata } = proposed();
  const place = { position, stream: 's', revision: position - 1, created: 0 };
  return { ...place, id, type, isJson, data, metadata };
}

/** @returns how many of the two reads the tail answered */
function compare(
  { reader, now }: WriterHarness,
  tail: RecordTail,
  { type, position, ...query }: Query,
): number {
  const { stream, isForwards, from, limit, resolveLinks } = query;
  const near = tail.readStream({ stream, isForwards, from, limit, resolveLinks });
  const far = reader.read({ kind: 'stream', stream, isForwards, from, limit, resolveLinks }, now);
  if (near && far.kind === 'stream') {
    const records = decoded(far);
    expect({ state: near.state, lastRevision: near.lastRevision }).toEqual({
      state: far.state,
      lastRevision: far.lastRevision,
    });
    expect(plain(near.records)).toEqual(records.slice(0, near.records.length));
    if (near.records.length === records.length) expect(near.next).toBe(far.next);
    else expect(near.next).toBe((near.records.at(-1)?.event?.revision ?? 0) - 1);
  }
  const filter = type === '' ? undefined : ({ on: 'type', prefixes: [type] } as const);
  const head = tail.head;
  const asked = { from: position, limit, searchWindow: 5, resolveLinks };
  const nearAll = tail.readAll({ ...asked, matches: compileFilter(filter) });
  const allQuery: ReaderQuery = { kind: 'all', isForwards: true, ...asked, head, filter };
  const farAll = reader.read(allQuery, now);
  if (nearAll && farAll.kind === 'all') {
    expect(plain(nearAll.records)).toEqual(decoded(farAll));
    const { next, isEnd, considered } = nearAll;
    expect({ next, isEnd, considered }).toEqual({
      next: farAll.next,
      isEnd: farAll.isEnd,
      considered: farAll.considered,
    });
  }
  return Number(near !== undefined) + Number(nearAll !== undefined);
}

function decoded({ records }: ReturnType<WriterHarness['reader']['read']>): ResolvedRecord[] {
  return plain(decodeRecords(records));
}

/** With content as arrays of numbers: who holds the bytes does not matter. */
function plain(records: readonly ResolvedRecord[]): ResolvedRecord[] {
  return records.map(
    ({ event, link }) =>
      ({ event: event && numbers(event), link: link && numbers(link) }) as ResolvedRecord,
  );
}

function numbers(record: LogRecord): object {
  return { ...record, data: [...record.data], metadata: [...record.metadata] };
}
