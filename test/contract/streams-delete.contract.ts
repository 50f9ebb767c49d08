import {
  jsonEvent,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { eventually } from './eventually.js';
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

/** Soft deletes, tombstones, and stream metadata. */
export function describeDeletions(client: GetClient): void {
  describe('a soft-deleted stream', () => {
    it('cannot be found', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));

      const { position } = await client().deleteStream(stream);

      expect(position?.commit).toBeGreaterThan(0n);
      expect(await rejection(all(client().readStream(stream)))).toBeInstanceOf(StreamNotFoundError);
    });

    it.each([
      ['any', 'any'],
      ['no_stream', 'no_stream'],
      ['the old last revision', 2n],
    ] as const)(
      'begins anew when it is written with %s; its numbering goes on',
      async (_, expectedRevision) => {
        const stream = uniqueStream();
        await client().appendToStream(stream, numbered(3));
        await client().deleteStream(stream);

        const result = await client().appendToStream(stream, numbered(2, 3), { expectedRevision });

        expect(result.nextExpectedRevision).toBe(4n);
        const events = await all(client().readStream(stream));
        expect(revisionsOf(events)).toEqual([3n, 4n]);
        expect(dataOf(events)).toEqual([{ n: 3 }, { n: 4 }]);
        const { metadata } = await client().getStreamMetadata(stream);
        expect(metadata?.truncateBefore).toBe(3);
      },
    );

    it('is refused with any other revision, and with stream_exists', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));
      await client().deleteStream(stream);

      const wrong = client().appendToStream(stream, anEvent(), { expectedRevision: 1n });
      const exists = client().appendToStream(stream, anEvent(), {
        expectedRevision: 'stream_exists',
      });

      expect(await rejection(wrong)).toMatchObject({ actualVersion: 2n });
      expect(await rejection(exists)).toBeInstanceOf(StreamDeletedError);
    });

    it('answers the retry of an append from before with success', async () => {
      const stream = uniqueStream();
      const events = numbered(2);
      await client().appendToStream(stream, events, { expectedRevision: 'no_stream' });
      await client().deleteStream(stream);

      const retry = await client().appendToStream(stream, events, {
        expectedRevision: 'no_stream',
      });

      expect(retry).toMatchObject({ success: true, nextExpectedRevision: 1n });
      await expect(all(client().readStream(stream))).rejects.toThrow(StreamNotFoundError);
    });

    it('can be deleted again', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));
      await client().deleteStream(stream);

      await client().deleteStream(stream);
      await client().deleteStream(stream, { expectedRevision: 2n });
      await client().deleteStream(stream, { expectedRevision: 'no_stream' });

      await expect(all(client().readStream(stream))).rejects.toThrow(StreamNotFoundError);
    });

    it('exists again, but empty, when its metadata is written', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(2));
      await client().deleteStream(stream);

      await client().setStreamMetadata(stream, { maxCount: 5, note: 'kept' });

      expect(await all(client().readStream(stream))).toEqual([]);
      const { metadata } = await client().getStreamMetadata(stream);
      expect(metadata).toMatchObject({ maxCount: 5, note: 'kept', truncateBefore: 2 });
      await client().appendToStream(stream, anEvent({ n: 2 }));
      expect(revisionsOf(await all(client().readStream(stream)))).toEqual([2n]);
    });
  });

  describe('deleting', () => {
    it.each(['deleteStream', 'tombstoneStream'] as const)(
      '%s is refused with a wrong revision, naming both as numbers',
      async (call) => {
        const stream = uniqueStream();
        await client().appendToStream(stream, numbered(3));

        const error = await rejection(client()[call](stream, { expectedRevision: 0n }));

        expect(error).toBeInstanceOf(WrongExpectedVersionError);
        expect(error).toMatchObject({ streamName: stream, expectedVersion: 0n, actualVersion: 2n });
      },
    );

    it.each(['deleteStream', 'tombstoneStream'] as const)(
      '%s accepts the revision of the last event',
      async (call) => {
        const stream = uniqueStream();
        await client().appendToStream(stream, numbered(3));

        const { position } = await client()[call](stream, { expectedRevision: 2n });

        expect(position?.commit).toBeGreaterThan(0n);
      },
    );

    it('softly, a stream that never was, is refused', async () => {
      const error = await rejection(client().deleteStream(uniqueStream()));

      expect(error).toBeInstanceOf(WrongExpectedVersionError);
    });

    it.each([7n, 'any'] as const)(
      'softly, a stream that never was, is refused with %s, too',
      async (expectedRevision) => {
        const error = await rejection(client().deleteStream(uniqueStream(), { expectedRevision }));

        expect(error).toBeInstanceOf(WrongExpectedVersionError);
        expect(error).toMatchObject({ actualVersion: -1n });
      },
    );

    it('for good, a stream that was deleted softly, is accepted', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));
      await client().deleteStream(stream);

      await client().tombstoneStream(stream, { expectedRevision: 2n });

      expect(await rejection(all(client().readStream(stream)))).toBeInstanceOf(StreamDeletedError);
    });

    it('for good, a stream that never was, is refused with a revision', async () => {
      const error = await rejection(
        client().tombstoneStream(uniqueStream(), { expectedRevision: 0n }),
      );

      expect(error).toBeInstanceOf(WrongExpectedVersionError);
    });

    it('softly, a stream with metadata only, is accepted', async () => {
      const stream = uniqueStream();
      await client().setStreamMetadata(stream, { maxCount: 1 });

      await client().deleteStream(stream, { expectedRevision: 'no_stream' });

      const { metadata } = await client().getStreamMetadata(stream);
      expect(metadata?.maxCount).toBeUndefined();
    });

    it('for good, a stream that never was, is accepted', async () => {
      const stream = uniqueStream();

      await client().tombstoneStream(stream, { expectedRevision: 'no_stream' });

      expect(await rejection(all(client().readStream(stream)))).toBeInstanceOf(StreamDeletedError);
    });
  });

  describe('a tombstoned stream', () => {
    it('refuses everything, for ever, and so does its metadata', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(2));
      await client().tombstoneStream(stream);

      const refusals = await Promise.all([
        rejection(all(client().readStream(stream))),
        rejection(client().appendToStream(stream, anEvent())),
        rejection(client().appendToStream(stream, anEvent(), { expectedRevision: 'no_stream' })),
        rejection(
          client().appendToStream(stream, anEvent(), { expectedRevision: 'stream_exists' }),
        ),
        rejection(client().deleteStream(stream)),
        rejection(client().tombstoneStream(stream)),
        rejection(client().setStreamMetadata(stream, { maxCount: 1 })),
      ]);

      for (const error of refusals) {
        expect(error).toBeInstanceOf(StreamDeletedError);
        expect(error).toMatchObject({ type: 'stream-deleted' });
      }
      expect(refusals[0]).toMatchObject({ streamName: stream });
    });

    it('is seen in $all as its last event, with the largest revision there is', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent());
      const { position } = await client().tombstoneStream(stream);
      if (!position) throw new Error('no position');

      const [last] = await all(client().readAll({ fromPosition: position, maxCount: 1 }));

      expect(last?.event).toMatchObject({
        streamId: stream,
        type: '$streamDeleted',
        revision: 9_223_372_036_854_775_807n,
        isJson: false,
      });
    });
  });

  describe('stream metadata', () => {
    it('is not there before it is written', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent());

      expect(await client().getStreamMetadata(stream)).toEqual({ streamName: stream });
    });

    it('comes back as it was written, custom members included; the last one counts', async () => {
      const stream = uniqueStream();
      const metadata = {
        maxAge: 3600,
        maxCount: 100,
        truncateBefore: 0,
        cacheControl: 10,
        acl: { readRoles: ['me', 'you'], metaWriteRoles: ['me'] },
        custom: { nested: true },
      };

      await client().setStreamMetadata(stream, { maxCount: 1, gone: true });
      await client().setStreamMetadata(stream, metadata);

      const read = await client().getStreamMetadata(stream);
      expect(read.streamName).toBe(stream);
      expect(read.metadata).toEqual(metadata);
      expect(typeof read.metastreamRevision).toBe('bigint');
    });

    it('can be written with an expected revision', async () => {
      const stream = uniqueStream();
      await client().setStreamMetadata(stream, { maxCount: 1 }, { expectedRevision: 'no_stream' });

      const error = await rejection(
        client().setStreamMetadata(stream, { maxCount: 2 }, { expectedRevision: 'no_stream' }),
      );

      expect(error).toMatchObject({ streamName: `$$${stream}`, actualVersion: 0n });
    });

    it('is refused when a limit is not an integer', async () => {
      await expect(client().setStreamMetadata(uniqueStream(), { maxCount: 1.5 })).rejects.toThrow(
        'integer',
      );
    });

    it.each([
      ['maxCount', { maxCount: 2 }, [3n, 4n]],
      ['truncateBefore', { truncateBefore: 3 }, [3n, 4n]],
      ['both, the stricter of them', { truncateBefore: 4, maxCount: 3 }, [4n]],
      ['a truncateBefore beyond the end', { truncateBefore: 99 }, []],
      ['limits of zero, which mean none', { maxCount: 0, maxAge: 0 }, [0n, 1n, 2n, 3n, 4n]],
      ['a maxAge that nothing exceeds', { maxAge: 3_600 }, [0n, 1n, 2n, 3n, 4n]],
    ])('hides events: %s', async (_, metadata, expected) => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(5));

      await client().setStreamMetadata(stream, metadata);

      const forwards = await all(client().readStream(stream));
      const backwards = await all(
        client().readStream(stream, { direction: 'backwards', fromRevision: 'end' }),
      );
      expect(revisionsOf(forwards)).toEqual(expected);
      expect(revisionsOf(backwards)).toEqual([...expected].reverse());
    });

    it.each([
      ['a limit that is text', { $maxCount: '2' }],
      ['a limit that is a fraction', { $maxCount: 2.5 }],
      ['an unknown member of $acl', { $maxCount: 2, $acl: { $x: 'me' } }],
      ['a role that is neither text nor texts', { $maxCount: 2, $acl: { $r: [1] } }],
      ['an array for an object', [2]],
    ])('counts as empty with %s', async (_, data) => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(5));

      await client().appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data }));

      expect(await all(client().readStream(stream))).toHaveLength(5);
    });

    it('shows only its last event, whose numbering goes on', async () => {
      const stream = uniqueStream();
      for (const maxCount of [1, 2, 3]) await client().setStreamMetadata(stream, { maxCount });

      const events = await all(client().readStream(`$$${stream}`));

      expect(revisionsOf(events)).toEqual([2n]);
      expect(dataOf(events)).toEqual([{ $maxCount: 3 }]);
    });

    it('hides what is older than maxAge', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(2));
      await client().setStreamMetadata(stream, { maxAge: 1 });

      const left = await eventually(
        () => all(client().readStream(stream)),
        (events) => events.length === 0,
      );

      expect(left).toEqual([]);
    });

    it('limits what is appended later, too', async () => {
      const stream = uniqueStream();
      await client().setStreamMetadata(stream, { maxCount: 2 });

      await client().appendToStream(stream, numbered(5));

      expect(revisionsOf(await all(client().readStream(stream)))).toEqual([3n, 4n]);
    });
  });
}
