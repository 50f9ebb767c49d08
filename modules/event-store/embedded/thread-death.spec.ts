import { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { openEmbeddedLog } from './open-embedded-log.js';
import {
  everything,
  proposed,
  temporaryFolder,
} from '../../../test/support/embedded-log-fixtures.js';

const forwards = { direction: 'forwards', from: 'start', limit: 1, resolveLinks: false } as const;

describe('when a thread of the engine dies', () => {
  const folder = temporaryFolder();

  it('the writer: what was sent may have happened, everything else is refused', async () => {
    const { opened, writer } = await openWithThreads(folder());
    await opened.log.append('before', 'any', [proposed()]);
    const underWay = opened.log.append('under-way', 'any', [proposed()]);
    const blocker = new SqliteDatabase(join(folder(), 'event-store.db'));
    blocker.exec('BEGIN IMMEDIATE'); // holds the writer up in the middle of its work
    await new Promise(setImmediate); // on its way

    void writer.terminate();
    blocker.close();
    const [error] = await Promise.all([opened.failed, expectKind(underWay, 'outcome-unknown')]);

    expect(error).toMatchObject({ code: 'PSH_EVENT_STORE_FAILED' });
    await expectKind(opened.log.append('after', 'any', [proposed()]), 'unavailable');
    await expectKind(opened.scavenge(), 'unavailable');
    await opened.close();
    const again = await openEmbeddedLog({ dataDir: folder() });
    expect((await everything(again.log))[1]?.stream).toBe('before');
    await again.close();
  });

  it('the writer: what was not sent yet has not happened', async () => {
    const { opened, writer } = await openWithThreads(folder());
    const large = () => proposed('', { data: Buffer.alloc(1_000_000) });
    const appends = Array.from({ length: 40 }, (_, n) =>
      opened.log.append(`s-${n}`, 'any', [large()]),
    );

    void writer.terminate();
    const outcomes = await Promise.all(
      appends.map((append) =>
        append.then(
          () => 'appended',
          (error: unknown) => (error as { detail: { kind: string } }).detail.kind,
        ),
      ),
    );
    await opened.close();

    const again = await openEmbeddedLog({ dataDir: folder() });
    const streams = new Set((await everything(again.log)).map(({ stream }) => stream));
    await again.close();
    const isKept = (outcome: string) =>
      outcomes.flatMap((one, n) => (one === outcome ? [streams.has(`s-${n}`)] : []));
    expect(isKept('appended')).not.toContain(false);
    expect(isKept('unavailable').length).toBeGreaterThan(0);
    expect(isKept('unavailable')).not.toContain(true);
  });

  it('the reader: reads are refused, and the log has failed', async () => {
    const { opened, reader } = await openWithThreads(folder());

    void reader.terminate(); // first: the thread would be quick to answer
    const read = opened.log.readStream({ ...forwards, stream: 'missing' });
    const [error] = await Promise.all([opened.failed, expectKind(read, 'unavailable')]);

    expect(error).toMatchObject({ code: 'PSH_EVENT_STORE_FAILED' });
    await opened.close();
  });
});

/** Opens a log and tells which threads it works with: those that it sends messages to. */
async function openWithThreads(dataDir: string) {
  const sent = jest.spyOn(Worker.prototype, 'postMessage');
  const opened = await openEmbeddedLog({ dataDir });
  await opened.log.append('first', 'any', [proposed()]);
  await opened.log.readStream({ ...forwards, stream: 'missing' });
  const [writer, reader] = sent.mock.contexts as Worker[];
  sent.mockRestore();
  if (!writer || !reader) throw new Error('no threads');
  return { opened, writer, reader };
}

async function expectKind(work: Promise<unknown>, kind: string): Promise<void> {
  await expect(work).rejects.toMatchObject({ detail: { kind } });
}
