import { randomUUID } from 'node:crypto';
import {
  binaryEvent,
  jsonEvent,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { Inbox } from './inbox.js';
import {
  all,
  anEvent,
  dataOf,
  type GetClient,
  numbered,
  rejection,
  revisionsOf,
  uniqueStream,
} from './stream-fixtures.js';

/** How long ten thousand appends may take, on a busy machine. */
const MANY_APPENDS_MS = 120_000;

/** What is written, and what comes back of it. */
export function describeAppends(client: GetClient): void {
  describe('an append', () => {
    it('answers with the revision and the position of its last event', async () => {
      const stream = uniqueStream();

      const result = await client().appendToStream(stream, numbered(3));

      const events = await all(client().readStream(stream));
      expect(result).toMatchObject({ success: true, nextExpectedRevision: 2n });
      expect(result.position).toEqual(events[2]?.event?.position);
      expect(events[2]?.commitPosition).toBe(result.position?.commit);
    });

    it('gives a JSON event back as it was', async () => {
      const stream = uniqueStream();
      const data = { text: 'Grüße, 世界 🌍', nested: { list: [1, null, true] } };
      const event = jsonEvent({ type: 'Ereignis-ä', data, metadata: { by: 'someone' } });
      const before = Date.now();

      await client().appendToStream(stream, event);

      const [recorded] = await all(client().readStream(stream));
      expect(recorded?.event).toMatchObject({
        streamId: stream,
        id: event.id,
        type: 'Ereignis-ä',
        revision: 0n,
        isJson: true,
        data,
        metadata: { by: 'someone' },
      });
      const created = recorded?.event?.created.getTime() ?? 0;
      expect(created).toBeGreaterThanOrEqual(before - 60_000);
      expect(created).toBeLessThanOrEqual(Date.now() + 60_000);
      expect(recorded?.link).toBeUndefined();
    });

    it('gives a binary event with binary metadata back byte by byte', async () => {
      const stream = uniqueStream();
      const data = Uint8Array.from([0, 1, 254, 255]);
      const metadata = Uint8Array.from([255, 0]);

      await client().appendToStream(stream, binaryEvent({ type: 'bytes', data, metadata }));

      const [recorded] = await all(client().readStream(stream));
      expect(recorded?.event?.isJson).toBe(false);
      expect([...(recorded?.event?.data as Uint8Array)]).toEqual([...data]);
      expect([...(recorded?.event?.metadata as Uint8Array)]).toEqual([...metadata]);
    });

    it('leaves metadata undefined where there was none', async () => {
      const stream = uniqueStream();

      await client().appendToStream(stream, anEvent());

      const [recorded] = await all(client().readStream(stream));
      expect(recorded?.event?.metadata).toBeUndefined();
    });

    it('takes ids in upper case for the same ids in lower case', async () => {
      const stream = uniqueStream();
      const id = randomUUID();

      await client().appendToStream(
        stream,
        jsonEvent({ id: id.toUpperCase(), type: 't', data: {} }),
      );

      const [recorded] = await all(client().readStream(stream));
      expect(recorded?.event?.id).toBe(id);
    });

    it('keeps concurrent appends to one stream whole and in some order', async () => {
      const stream = uniqueStream();

      await Promise.all(
        Array.from({ length: 50 }, (_, writer) =>
          client().appendToStream(stream, [anEvent({ writer, n: 0 }), anEvent({ writer, n: 1 })]),
        ),
      );

      const events = dataOf(await all(client().readStream(stream))) as {
        writer: number;
        n: number;
      }[];
      expect(events).toHaveLength(100);
      const pairs = Array.from({ length: 50 }, (_, index) =>
        events.slice(index * 2, index * 2 + 2),
      );
      expect(pairs.every(([first, second]) => first?.writer === second?.writer)).toBe(true);
      expect(new Set(pairs.map(([first]) => first?.writer)).size).toBe(50);
    });

    it('is refused, with the limit, when its data is too large; nothing of it is kept', async () => {
      const stream = uniqueStream();
      const large = Array.from({ length: 3 }, () =>
        binaryEvent({ type: 'large', data: new Uint8Array(400_000) }),
      );

      const error = await rejection(client().appendToStream(stream, large));

      expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
      expect((error as MaxAppendSizeExceededError).maxAppendSize).toBe(1_048_576);
      await client().appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' });
    });

    it('takes an event of almost a mebibyte, and gives it back to every kind of reader', async () => {
      const stream = uniqueStream();
      const data = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
      const event = binaryEvent({ type: 'large', data });
      const inbox = new Inbox(client().subscribeToStream(stream));

      const { position } = await client().appendToStream(stream, event);
      await inbox.untilCount(1);

      const fromPosition = position ?? 'start';
      const [ofStream] = await all(client().readStream(stream));
      const [ofAll] = await all(client().readAll({ fromPosition, maxCount: 1 }));
      for (const read of [ofStream, ofAll, inbox.events[0]]) {
        expect(Buffer.compare(read?.event?.data as Uint8Array, data)).toBe(0);
      }
    });

    it('is put together from chunks, however small the client cuts them', async () => {
      const streams = Array.from({ length: 5 }, () => uniqueStream());

      await Promise.all(
        streams.map((stream) =>
          client().appendToStream(stream, numbered(40), { batchAppendSize: 256 }),
        ),
      );

      for (const stream of streams) {
        const events = await all(client().readStream(stream));
        expect(dataOf(events)).toEqual(Array.from({ length: 40 }, (_, n) => ({ n })));
      }
    });

    it('without events checks the revision and writes nothing', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));

      const result = await client().appendToStream(stream, [], { expectedRevision: 2n });
      const wrong = client().appendToStream(stream, [], { expectedRevision: 0n });

      expect(await rejection(wrong)).toBeInstanceOf(WrongExpectedVersionError);
      expect(result).toMatchObject({ success: true, nextExpectedRevision: 2n });
      expect(await all(client().readStream(stream))).toHaveLength(3);
    });

    it('is one of ten thousand at once: each is answered with its own place', async () => {
      const streams = Array.from({ length: 100 }, () => uniqueStream());
      const deadline = MANY_APPENDS_MS;

      const results = await Promise.all(
        Array.from({ length: 10_000 }, async (_, n) => {
          const stream = streams[n % streams.length] ?? '';
          const result = await client().appendToStream(stream, anEvent({ n }), { deadline });
          return { stream, n, revision: result.nextExpectedRevision, position: result.position };
        }),
      );

      expect(new Set(results.map(({ position }) => position?.commit)).size).toBe(10_000);
      for (const stream of streams) {
        const answered = results.filter((result) => result.stream === stream);
        const events = await all(client().readStream(stream));
        expect(events).toHaveLength(100);
        for (const { n, revision, position } of answered) {
          const { event } = events[Number(revision)] ?? {};
          expect(event).toMatchObject({ revision, position, data: { n } });
        }
      }
    });
  });

  describe('the expected revision', () => {
    it('no_stream: accepts the first append and refuses a different one after it', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(2), { expectedRevision: 'no_stream' });

      const error = await rejection(
        client().appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' }),
      );

      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(error).toMatchObject({
        type: 'wrong-expected-version',
        streamName: stream,
        expectedVersion: 'no_stream',
        actualVersion: 1n,
      });
    });

    it('a number: accepts the revision of the last event and refuses any other', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));

      for (const expectedRevision of [0n, 1n, 3n, 1_000n]) {
        const error = await rejection(
          client().appendToStream(stream, anEvent(), { expectedRevision }),
        );
        expect(error).toMatchObject({
          type: 'wrong-expected-version',
          expectedVersion: expectedRevision,
          actualVersion: 2n,
        });
      }
      const result = await client().appendToStream(stream, anEvent(), { expectedRevision: 2n });
      expect(result.nextExpectedRevision).toBe(3n);
    });

    it('a number: is refused for a stream that does not exist', async () => {
      const stream = uniqueStream();

      const error = await rejection(
        client().appendToStream(stream, anEvent(), { expectedRevision: 0n }),
      );

      expect(error).toMatchObject({ streamName: stream, actualVersion: 'no_stream' });
    });

    it('stream_exists: needs events or metadata', async () => {
      const [missing, present, onlyMetadata] = [uniqueStream(), uniqueStream(), uniqueStream()];
      const expectedRevision = 'stream_exists';
      await client().appendToStream(present, anEvent());
      await client().setStreamMetadata(onlyMetadata, { maxCount: 10 });

      const error = await rejection(
        client().appendToStream(missing, anEvent(), { expectedRevision }),
      );
      const ontoEvents = await client().appendToStream(present, anEvent(), { expectedRevision });
      const ontoMetadata = await client().appendToStream(onlyMetadata, anEvent(), {
        expectedRevision,
      });

      expect(error).toMatchObject({ expectedVersion: 'stream_exists', actualVersion: 'no_stream' });
      expect(ontoEvents.nextExpectedRevision).toBe(1n);
      expect(ontoMetadata.nextExpectedRevision).toBe(0n);
    });

    it('any: is the default and always accepts', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent());

      const result = await client().appendToStream(stream, anEvent(), { expectedRevision: 'any' });

      expect(result.nextExpectedRevision).toBe(1n);
    });

    it('lets exactly one of many concurrent appends win', async () => {
      const stream = uniqueStream();

      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () =>
          client().appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' }),
        ),
      );

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await all(client().readStream(stream))).toHaveLength(1);
    });
  });

  describe('the retry of an append', () => {
    it.each(['no_stream', 'any'] as const)(
      'with %s succeeds with the first answer and writes nothing',
      async (expectedRevision) => {
        const stream = uniqueStream();
        const events = numbered(3);
        const first = await client().appendToStream(stream, events, { expectedRevision });

        const second = await client().appendToStream(stream, events, { expectedRevision });

        expect(second).toEqual(first);
        expect(await all(client().readStream(stream))).toHaveLength(3);
      },
    );

    it('with a number succeeds even when the stream has grown beyond', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(2));
      const events = numbered(2, 2);
      const first = await client().appendToStream(stream, events, { expectedRevision: 1n });
      await client().appendToStream(stream, numbered(5, 4));

      const second = await client().appendToStream(stream, events, { expectedRevision: 1n });

      expect(second).toEqual(first);
      expect(second.nextExpectedRevision).toBe(3n);
      expect(await all(client().readStream(stream))).toHaveLength(9);
    });

    it('with stream_exists succeeds and writes nothing', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent());
      const events = numbered(2);
      const expectedRevision = 'stream_exists';
      const first = await client().appendToStream(stream, events, { expectedRevision });

      const second = await client().appendToStream(stream, events, { expectedRevision });

      expect(second).toEqual(first);
      expect(await all(client().readStream(stream))).toHaveLength(3);
    });

    it.each([
      [
        'no_stream',
        'a different later event',
        (first: unknown[], other: unknown[]) => [first[0], other[0]],
      ],
      [
        'no_stream',
        'a different first event',
        (first: unknown[], other: unknown[]) => [other[0], first[1]],
      ],
      ['no_stream', 'one event more', (first: unknown[], other: unknown[]) => [...first, other[0]]],
      ['any', 'one event more', (first: unknown[], other: unknown[]) => [...first, other[0]]],
    ] as const)('with %s and %s is refused', async (expectedRevision, _, mix) => {
      const stream = uniqueStream();
      const events = numbered(2);
      await client().appendToStream(stream, events, { expectedRevision });

      const mixed = mix(events, numbered(1, 9)) as typeof events;
      const error = await rejection(client().appendToStream(stream, mixed, { expectedRevision }));

      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(error).toMatchObject({ actualVersion: 1n });
    });

    it('of the beginning of an append succeeds with the revision of what was retried', async () => {
      const stream = uniqueStream();
      const events = numbered(3);
      await client().appendToStream(stream, events, { expectedRevision: 'no_stream' });

      const result = await client().appendToStream(stream, events.slice(0, 2), {
        expectedRevision: 'no_stream',
      });

      expect(result.nextExpectedRevision).toBe(1n);
    });

    it('with any, but a new first event, writes everything again', async () => {
      const stream = uniqueStream();
      const [known] = numbered(1);
      if (!known) throw new Error('no event');
      await client().appendToStream(stream, known);

      const result = await client().appendToStream(stream, [anEvent(), known]);

      expect(result.nextExpectedRevision).toBe(2n);
    });

    it('at the end of the stream is no retry: the same id is written twice', async () => {
      const stream = uniqueStream();
      const event = anEvent();
      await client().appendToStream(stream, event, { expectedRevision: 'no_stream' });

      const result = await client().appendToStream(stream, event, { expectedRevision: 0n });

      expect(result.nextExpectedRevision).toBe(1n);
      expect(revisionsOf(await all(client().readStream(stream)))).toEqual([0n, 1n]);
    });

    it('to another stream is no retry', async () => {
      const event = anEvent();
      await client().appendToStream(uniqueStream(), event);
      const other = uniqueStream();

      const result = await client().appendToStream(other, event);

      expect(result.nextExpectedRevision).toBe(0n);
      expect(await all(client().readStream(other))).toHaveLength(1);
    });

    it('to a tombstoned stream is refused', async () => {
      const stream = uniqueStream();
      const event = anEvent();
      await client().appendToStream(stream, event, { expectedRevision: 'no_stream' });
      await client().tombstoneStream(stream);

      const error = await rejection(
        client().appendToStream(stream, event, { expectedRevision: 'no_stream' }),
      );

      expect(error).toBeInstanceOf(StreamDeletedError);
    });
  });
}

/** The same, for a client that was told not to throw. */
export function describeAppendsThatDoNotThrow(client: GetClient): void {
  it('an append with a wrong expected revision resolves with success: false', async () => {
    const stream = uniqueStream();
    await client().appendToStream(stream, numbered(2));

    const result = await client().appendToStream(stream, anEvent(), {
      expectedRevision: 'no_stream',
    });

    expect(result.success).toBe(false);
    expect(result.position).toBeUndefined();
    expect(result.nextExpectedRevision).toBeGreaterThanOrEqual(1n);
  });
}
