import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock } from '../../kernel/index.js';
import { openEmbeddedLog } from './open-embedded-log.js';
import type { OpenLog } from './open-log.js';
import type { ScavengeProgress } from './scavenge-run.js';
import {
  everything,
  proposed,
  proposedNumbers,
  streamOf,
  temporaryFolder,
  valuesOf,
} from '../../../test/support/embedded-log-fixtures.js';

describe('a scavenge', () => {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  let opened: OpenLog;
  beforeEach(async () => {
    opened = await openEmbeddedLog({ dataDir: folder(), clock });
  });
  afterEach(async () => {
    await opened.close();
  });

  const metadata = (stream: string, value: object) =>
    opened.log.append(`$$${stream}`, 'any', [proposed(value)]);

  it('removes what truncation, maxCount, maxAge and deletions hide, and keeps everything else', async () => {
    const { log } = opened;
    for (const stream of ['whole', 'truncated', 'counted', 'aged', 'deleted', 'tombstoned']) {
      await log.append(stream, 'any', proposedNumbers(5));
    }
    clock.advance(60_000);
    await log.append('aged', 'any', proposedNumbers(1, 5));
    await metadata('truncated', { $tb: 3 });
    await metadata('counted', { $maxCount: 5 });
    await metadata('counted', { $maxCount: 2 });
    await metadata('aged', { $maxAge: 30 });
    await metadata('tombstoned', { $maxCount: 1 });
    await log.delete('deleted', 'any', false);
    await log.delete('tombstoned', 'any', true);
    const visible = await everythingVisible();

    const { eventsRemoved } = await opened.scavenge();

    expect(await everythingVisible()).toEqual(visible);
    expect(await countsByStream()).toEqual({
      whole: 5,
      truncated: 2,
      $$truncated: 1,
      counted: 2,
      $$counted: 1,
      aged: 1,
      $$aged: 1,
      deleted: 1, // the last event of a stream stays: its numbering can be told from it
      $$deleted: 1,
      tombstoned: 1, // the tombstone alone
    });
    expect(eventsRemoved).toBe(3 + 3 + 1 + 5 + 4 + 5 + 1);

    async function everythingVisible() {
      const streams = ['whole', 'truncated', 'counted', 'aged', '$$counted'];
      return Promise.all(streams.map(async (stream) => valuesOf(await streamOf(log, stream))));
    }
  });

  it('never gives a position or revision again, not even after a restart', async () => {
    await opened.log.append('s', 'any', proposedNumbers(3));
    await opened.log.delete('s', 'any', false);
    await opened.log.append('t', 'any', proposedNumbers(3));
    const tombstone = await opened.log.delete('t', 'any', true);
    await opened.log.append('$$u', 'any', [proposed({})]);
    await opened.log.delete('u', 'any', true);
    const { head } = opened.log;
    await opened.scavenge();

    await opened.close();
    opened = await openEmbeddedLog({ dataDir: folder(), clock });

    expect(tombstone).toBeLessThan(head);
    expect(opened.log.head).toBe(head);
    expect(await opened.log.append('s', 'any', [proposed(3)])).toEqual({
      revision: 3,
      position: head + 1,
    });
    expect(valuesOf(await streamOf(opened.log, 's'))).toEqual([3]);
    await expect(opened.log.append('t', 'any', [proposed()])).rejects.toMatchObject({
      detail: { kind: 'stream-deleted' },
    });
  });

  it('gives the room back to the file system', async () => {
    const large = Array.from({ length: 100 }, () => proposed('', { data: Buffer.alloc(10_000) }));
    for (let n = 0; n < 10; n++) await opened.log.append(`large-${n}`, 'any', large);
    for (let n = 0; n < 10; n++) await opened.log.delete(`large-${n}`, 'any', true);
    await opened.log.append('kept', 'any', proposedNumbers(10));

    const result = await opened.scavenge();

    expect(result.eventsRemoved).toBe(1_000);
    expect(result.bytesReclaimed).toBeGreaterThan(9_000_000);
    await opened.close();
    expect(statSync(join(folder(), 'event-store.db')).size).toBeLessThan(1_000_000);
    opened = await openEmbeddedLog({ dataDir: folder(), clock });
    expect(await streamOf(opened.log, 'kept')).toHaveLength(10);
  });

  it('lets appends through while it works, and reports how far it is', async () => {
    await opened.log.append('s', 'any', proposedNumbers(10_000));
    await metadata('s', { $tb: 9_999 });
    const progress: ScavengeProgress[] = [];
    let isDone = false;

    const scavenge = opened
      .scavenge((one) => progress.push(one))
      .finally(() => {
        isDone = true;
      });
    const appendedMeanwhile: boolean[] = [];
    while (appendedMeanwhile.length < 3) {
      await opened.log.append('other', 'any', [proposed()]);
      appendedMeanwhile.push(!isDone);
    }
    const result = await scavenge;

    expect(appendedMeanwhile).toEqual([true, true, true]);
    expect(result.eventsRemoved).toBe(9_999);
    expect(progress.length).toBeGreaterThan(9);
    const removed = progress.map(({ eventsRemoved }) => eventsRemoved);
    expect(removed).toEqual([...removed].sort((a, b) => a - b));
    expect(progress.at(-1)).toMatchObject({ ...result, streamsDone: progress.at(-1)?.streams });
    expect((await everything(opened.log)).filter(({ stream }) => stream === 's')).toHaveLength(1);
  });

  it('is joined by who asks for another meanwhile', async () => {
    await opened.log.append('s', 'any', proposedNumbers(5));
    await metadata('s', { $tb: 4 });

    const [one, two] = await Promise.all([opened.scavenge(), opened.scavenge()]);

    expect(one).toEqual(two);
    expect(await opened.scavenge()).toEqual({ eventsRemoved: 0, bytesReclaimed: 0 });
  });

  it('ends when the log is closed; what it removed stays removed', async () => {
    await opened.log.append('s', 'any', proposedNumbers(5_000));
    await metadata('s', { $tb: 4_999 });

    const scavenge = opened.scavenge();
    await Promise.all([expect(scavenge).rejects.toThrow('closing'), opened.close()]);
    opened = await openEmbeddedLog({ dataDir: folder(), clock });
    await opened.scavenge();

    expect(valuesOf(await streamOf(opened.log, 's'))).toEqual([4_999]);
  });

  async function countsByStream(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { stream } of await everything(opened.log)) {
      counts[stream] = (counts[stream] ?? 0) + 1;
    }
    return counts;
  }
});
