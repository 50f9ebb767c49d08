import { type AllStreamResolvedEvent, StreamNotFoundError } from '@eventstore/db-client';
import {
  all,
  anEvent,
  dataOf,
  type GetClient,
  linkTo,
  numbered,
  positionOf,
  rejection,
  revisionsOf,
  type StreamCalls,
  uniqueStream,
} from './stream-fixtures.js';

/** Finite reads of streams and of `$all`. */
export function describeReads(client: GetClient): void {
  describe('a read of a stream', () => {
    const stream = uniqueStream('read');
    beforeAll(async () => {
      await client().appendToStream(stream, numbered(10));
    });

    it.each([
      ['everything by default', {}, [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]],
      ['from a revision, inclusive', { fromRevision: 7n }, [7n, 8n, 9n]],
      ['at most maxCount events', { fromRevision: 2n, maxCount: 3 }, [2n, 3n, 4n]],
      ['maxCount as a bigint', { maxCount: 2n }, [0n, 1n]],
      ['nothing beyond the end', { fromRevision: 10n }, []],
    ])('forwards yields %s', async (_, options, expected) => {
      expect(revisionsOf(await all(client().readStream(stream, options)))).toEqual(expected);
    });

    it.each([
      ['from the end', { fromRevision: 'end', maxCount: 3 }, [9n, 8n, 7n]],
      ['from a revision, inclusive', { fromRevision: 2n }, [2n, 1n, 0n]],
      ['from the end if the revision is beyond it', { fromRevision: 99n, maxCount: 1 }, [9n]],
      ['only the first event from the start', { fromRevision: 'start' }, [0n]],
    ] as const)('backwards begins %s', async (_, options, expected) => {
      const read = client().readStream(stream, { ...options, direction: 'backwards' });

      expect(revisionsOf(await all(read))).toEqual(expected);
    });

    it('yields every one of very many events, in order', async () => {
      const long = uniqueStream('long');
      for (let from = 0; from < 3_000; from += 500) {
        await client().appendToStream(long, numbered(500, from));
      }

      const forwards = await all(client().readStream(long));
      const backwards = await all(
        client().readStream(long, { direction: 'backwards', fromRevision: 'end' }),
      );

      expect(dataOf(forwards)).toEqual(Array.from({ length: 3_000 }, (_, n) => ({ n })));
      expect(revisionsOf(backwards)).toEqual(revisionsOf(forwards).reverse());
    });

    it('fails at iteration when there is no such stream', async () => {
      const missing = uniqueStream();

      const error = await rejection(all(client().readStream(missing)));

      expect(error).toBeInstanceOf(StreamNotFoundError);
      expect(error).toMatchObject({ type: 'stream-not-found', streamName: missing });
    });

    it('can be broken off', async () => {
      const seen: unknown[] = [];
      for await (const { event } of client().readStream(stream)) {
        seen.push(event?.revision);
        if (seen.length === 2) break;
      }

      expect(seen).toEqual([0n, 1n]);
    });

    it('gives each reader objects of its own', async () => {
      const [first] = await all(client().readStream(stream, { maxCount: 1 }));
      if (first?.event) (first.event.data as { n: number }).n = 99;

      const [second] = await all(client().readStream(stream, { maxCount: 1 }));

      expect(second?.event?.data).toEqual({ n: 0 });
    });

    it('is refused forwards from the end, and with a maxCount of 0', async () => {
      await expect(all(client().readStream(stream, { fromRevision: 'end' }))).rejects.toThrow();
      await expect(all(client().readStream(stream, { maxCount: 0 }))).rejects.toThrow();
    });
  });

  describe('a read of $all', () => {
    it('yields events of all streams in the order of the appends, with rising positions', async () => {
      const [one, two] = [uniqueStream(), uniqueStream()];
      const first = await client().appendToStream(one, anEvent({ n: 0 }));
      await client().appendToStream(two, numbered(2, 1));
      await client().appendToStream(one, anEvent({ n: 3 }));

      const events = await readFrom(client(), first.position, [one, two]);

      expect(dataOf(events)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]);
      const positions = events.map(({ event }) => event?.position.commit ?? 0n);
      expect([...positions].sort((a, b) => Number(a - b))).toEqual(positions);
      expect(new Set(positions).size).toBe(4);
    });

    it('forwards includes the position it begins at, backwards does not', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, anEvent({ n: 0 }));
      const fromPosition = positionOf(await client().appendToStream(stream, anEvent({ n: 1 })));

      const forwards = await all(client().readAll({ fromPosition, maxCount: 1 }));
      const backwards = await all(
        client().readAll({ fromPosition, maxCount: 1, direction: 'backwards' }),
      );

      expect(dataOf(forwards)).toEqual([{ n: 1 }]);
      expect(backwards[0]?.event?.position.commit).toBeLessThan(fromPosition.commit);
    });

    it('backwards from the end begins with the newest event', async () => {
      const stream = uniqueStream();
      await client().appendToStream(stream, numbered(3));

      const events = await all(
        client().readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 200 }),
      );

      const own = events.filter(({ event }) => event?.streamId === stream);
      expect(dataOf(own)).toEqual([{ n: 2 }, { n: 1 }, { n: 0 }]);
    });

    it('forwards from the end and backwards from the start yields nothing', async () => {
      const forwards = client().readAll({ fromPosition: 'end', maxCount: 5 });
      const backwards = client().readAll({
        fromPosition: 'start',
        direction: 'backwards',
        maxCount: 5,
      });

      expect(await all(forwards)).toEqual([]);
      expect(await all(backwards)).toEqual([]);
    });

    it('shows metadata, and what was soft-deleted, but not the checkpoints of its subscriptions', async () => {
      const stream = uniqueStream();
      const hidden = `$persistentsubscription-$all::${uniqueStream('group')}-checkpoint`;
      const first = await client().appendToStream(stream, anEvent({ n: 0 }));
      await client().appendToStream(hidden, anEvent());
      await client().deleteStream(stream);

      const events = await readFrom(client(), first.position, [stream, `$$${stream}`, hidden]);

      expect(events.map(({ event }) => event?.type)).toEqual(['thing-happened', '$metadata']);
    });
  });

  describe('a link', () => {
    it('is an event of its own unless it is to be resolved', async () => {
      const { links, target } = await linkedStream(client());

      const [plain] = await all(client().readStream(links));
      const [resolved] = await all(client().readStream(links, { resolveLinkTos: true }));

      expect(plain?.event?.type).toBe('$>');
      expect(plain?.link).toBeUndefined();
      expect(resolved?.event).toMatchObject({ streamId: target, revision: 1n, data: { n: 1 } });
      expect(resolved?.link).toMatchObject({ streamId: links, revision: 0n, type: '$>' });
      expect(resolved?.commitPosition).toBe(resolved?.link?.position?.commit);
    });

    it('comes without its event when that is not there', async () => {
      const links = uniqueStream('links');
      await client().appendToStream(links, linkTo(uniqueStream('missing'), 0));

      const [resolved] = await all(client().readStream(links, { resolveLinkTos: true }));

      expect(resolved?.event).toBeUndefined();
      expect(resolved?.link?.streamId).toBe(links);
    });

    it.each(['deleted', 'truncated', 'tombstoned'] as const)(
      'comes without its event when that was %s',
      async (how) => {
        const { links, target } = await linkedStream(client());
        if (how === 'deleted') await client().deleteStream(target);
        if (how === 'truncated') await client().setStreamMetadata(target, { truncateBefore: 2 });
        if (how === 'tombstoned') await client().tombstoneStream(target);

        const [resolved] = await all(client().readStream(links, { resolveLinkTos: true }));

        expect(resolved?.event).toBeUndefined();
        expect(resolved?.link?.streamId).toBe(links);
      },
    );

    it('is resolved one level deep', async () => {
      const { links } = await linkedStream(client());
      const linksToLinks = uniqueStream('links');
      await client().appendToStream(linksToLinks, linkTo(links, 0));

      const [resolved] = await all(client().readStream(linksToLinks, { resolveLinkTos: true }));

      expect(resolved?.event).toMatchObject({ streamId: links, type: '$>' });
    });

    it('is an ordinary event when what stands before its @ is no number', async () => {
      const links = uniqueStream('links');
      await client().appendToStream(links, linkTo('some@stream', 'x'));

      const [resolved] = await all(client().readStream(links, { resolveLinkTos: true }));

      expect(resolved?.event?.type).toBe('$>');
      expect(resolved?.link).toBeUndefined();
    });

    it('is resolved in $all too', async () => {
      const { links, target, position } = await linkedStream(client());

      const events = await all(
        client().readAll({ fromPosition: position, resolveLinkTos: true, maxCount: 1 }),
      );

      expect(events[0]?.event).toMatchObject({ streamId: target, data: { n: 1 } });
      expect(events[0]?.link?.streamId).toBe(links);
    });
  });
}

async function linkedStream(client: StreamCalls) {
  const [target, links] = [uniqueStream('target'), uniqueStream('links')];
  await client.appendToStream(target, numbered(2));
  const position = positionOf(await client.appendToStream(links, linkTo(target, 1)));
  return { target, links, position };
}

async function readFrom(
  client: StreamCalls,
  fromPosition: { commit: bigint; prepare: bigint } | undefined,
  streams: readonly string[],
): Promise<AllStreamResolvedEvent[]> {
  const events = await all(client.readAll({ fromPosition: fromPosition ?? 'start' }));
  return events.filter(({ event }) => streams.includes(event?.streamId ?? ''));
}
