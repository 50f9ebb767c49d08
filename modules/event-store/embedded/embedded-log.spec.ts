import { EngineError, type LogRecord } from './event-log.js';
import { openEmbeddedLog } from './open-embedded-log.js';
import type { OpenLog } from './open-log.js';
import {
  everything,
  proposed,
  proposedNumbers,
  streamOf,
  temporaryFolder,
  valuesOf,
} from '../../../test/support/embedded-log-fixtures.js';

describe('the embedded log', () => {
  const folder = temporaryFolder();
  let opened: OpenLog;
  beforeEach(async () => {
    opened = await openEmbeddedLog({ dataDir: folder() });
  });
  afterEach(async () => {
    await opened.close();
  });

  const reopen = async (): Promise<void> => {
    await opened.close();
    opened = await openEmbeddedLog({ dataDir: folder() });
  };

  it('keeps everything over a restart', async () => {
    await opened.log.append('s', 'no_stream', proposedNumbers(2));
    await opened.log.append('$$s', 'any', [proposed({ $maxCount: 1 })]);
    await opened.log.append('other', 'any', [proposed('ü', { metadata: Buffer.from([0, 255]) })]);
    const before = await everything(opened.log);
    const { head } = opened.log;

    await reopen();

    expect(opened.log.head).toBe(head);
    expect(await everything(opened.log)).toEqual(before);
    expect(valuesOf(await streamOf(opened.log, 's'))).toEqual([1]);
  });

  it('recognises the retry of an append after a restart, also with expected revision any', async () => {
    const events = proposedNumbers(3);
    const first = await opened.log.append('s', 'any', events);

    await reopen();

    expect(await opened.log.append('s', 'any', events)).toEqual(first);
    expect(await opened.log.append('s', 'no_stream', events)).toEqual(first);
    expect(opened.log.head).toBe(3);
  });

  it('shows an append to those who listen before the caller learns of it, in log order', async () => {
    const seen: LogRecord[] = [];
    const stop = opened.log.onCommitted((records) => seen.push(...records));
    const seenAtResolution: number[] = [];

    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const { position } = await opened.log.append(`s-${index % 7}`, 'any', proposedNumbers(2));
        seenAtResolution.push(seen.findIndex((record) => record.position === position));
      }),
    );
    stop();
    await opened.log.append('unseen', 'any', [proposed()]);

    expect(seenAtResolution.every((index) => index >= 0)).toBe(true);
    expect(seen.map(({ position }) => position)).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
    const { records } = await opened.log.readAll({
      direction: 'backwards', // what stands in the file
      from: 201,
      limit: 200,
      resolveLinks: false,
    });
    expect(records.map(({ event }) => event)).toEqual([...seen].reverse());
  });

  it('writes many appends with few fsyncs, each with an outcome of its own', async () => {
    await opened.log.append('taken', 'no_stream', [proposed()]);
    const { commits } = opened.stats();

    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        opened.log.append(index % 10 === 0 ? 'taken' : `s-${index}`, 'no_stream', [
          proposed(index),
        ]),
      ),
    );

    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as EngineError).detail] : [],
    );
    expect(refused).toHaveLength(10);
    expect(refused[0]).toEqual({
      kind: 'wrong-expected-version',
      stream: 'taken',
      expected: 'no_stream',
      current: 0,
    });
    expect(opened.stats().commits - commits).toBe(1);
    expect(opened.log.head).toBe(91);
  });

  it('takes 10,000 appends at once, in the order of the calls', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10_000 }, (_, n) => opened.log.append('s', 'any', [proposed(n)])),
    );

    expect(outcomes.map(({ revision }) => revision)).toEqual(Array.from(outcomes.keys()));
    expect(valuesOf(await streamOf(opened.log, 's'))).toEqual(Array.from(outcomes.keys()));
    expect(opened.stats()).toMatchObject({ requests: 10_000, requestsWaiting: 0, bytesWaiting: 0 });
  });

  it('lets nobody prepare more while 64 MiB wait, and everybody in turn after that', async () => {
    const large = (): Promise<unknown> =>
      opened.log.append('s', 'any', [proposed('', { data: Buffer.alloc(1_000_000) })]);
    const appends = Array.from({ length: 70 }, large);
    const order: number[] = [];
    const waiting = [0, 1, 2].map(async (turn) => {
      await opened.room();
      order.push(turn);
    });

    expect(opened.stats().bytesWaiting).toBeGreaterThan(64 * 1024 * 1024);
    expect(order).toEqual([]);
    await Promise.all([...appends, ...waiting]);

    expect(order).toEqual([0, 1, 2]);
    expect(opened.room()).toBeUndefined();
  });

  it.each([
    ['an empty stream name', '', proposed()],
    ['half a character in the stream name', 'a\ud800', proposed()],
    ['an empty type', 's', proposed({}, { type: '' })],
    ['an id that is no UUID', 's', proposed({}, { id: '1234' })],
    ['the nil UUID', 's', proposed({}, { id: '00000000-0000-0000-0000-000000000000' })],
  ])('refuses %s', async (_, stream, event) => {
    await expect(opened.log.append(stream, 'any', [event])).rejects.toMatchObject({
      detail: { kind: 'invalid-argument' },
    });
  });

  it('accepts an append without events as the expected revision says', async () => {
    const { log } = opened;
    const none = (stream: string, expected: Parameters<typeof log.append>[1]) =>
      log.append(stream, expected, []);
    await log.append('s', 'any', proposedNumbers(2));

    expect(await none('missing', 'any')).toEqual({ revision: -1, position: null });
    expect(await none('missing', 'no_stream')).toEqual({ revision: -1, position: null });
    expect(await none('s', 'any')).toEqual({ revision: 1, position: null });
    expect(await none('s', 1)).toEqual({ revision: 1, position: null });
    await expect(none('s', 0)).rejects.toThrow(EngineError);
    await expect(none('s', 'no_stream')).rejects.toThrow(EngineError);
    expect((await log.readStream(forwards('missing'))).state).toBe('missing');
  });

  it('ends a soft delete with an append without events', async () => {
    const { log } = opened;
    await log.append('s', 'any', proposedNumbers(2));
    await log.delete('s', 'any', false);

    await log.append('s', 'any', []);

    expect(await log.readStream(forwards('s'))).toMatchObject({ state: 'present', records: [] });
  });

  it('keeps the other members of the metadata when a soft-deleted stream begins anew', async () => {
    const { log } = opened;
    await log.append('s', 'any', proposedNumbers(2));
    const metadata = '{"$tb":9223372036854775807,"note":"a \\"b\\"","big":12345678901234567890}';
    await log.append('$$s', 'any', [proposed('', { data: Buffer.from(metadata) })]);
    expect((await log.readStream(forwards('s'))).state).toBe('missing');

    await log.append('s', 'any', [proposed(2)]);

    const [last] = await streamOf(log, '$$s');
    expect(Buffer.from(last?.data ?? []).toString()).toBe(
      '{"note":"a \\"b\\"","big":12345678901234567890,"$tb":2}',
    );
    expect(valuesOf(await streamOf(log, 's'))).toEqual([2]);
  });

  it('refuses work once it is being closed, and finishes what it has accepted', async () => {
    const accepted = opened.log.append('s', 'any', [proposed()]);

    const closed = opened.close();

    await expect(opened.log.append('s', 'any', [proposed()])).rejects.toMatchObject({
      detail: { kind: 'unavailable' },
    });
    expect(await accepted).toEqual({ revision: 0, position: 1 });
    await closed;
    await expect(opened.log.readStream(forwards('other'))).rejects.toMatchObject({
      detail: { kind: 'unavailable' },
    });
  });

  it('answers a bad filter with what is wrong with it', async () => {
    const read = opened.log.readAll({
      direction: 'forwards',
      from: 'start',
      limit: 1,
      resolveLinks: false,
      filter: { on: 'type', regex: '(' },
    });

    await expect(read).rejects.toMatchObject({ detail: { kind: 'invalid-argument' } });
  });
});

function forwards(stream: string) {
  return { stream, direction: 'forwards', from: 'start', limit: 100, resolveLinks: false } as const;
}
