import type { EngineError } from './event-log.js';
import { openEmbeddedLog } from './open-embedded-log.js';
import {
  everything,
  proposed,
  proposedNumbers,
  temporaryFolder,
} from '../../../test/support/embedded-log-fixtures.js';

const large = () => proposed('', { data: Buffer.alloc(100_000) });

describe('when the disk is full', () => {
  const folder = temporaryFolder();

  it('an append is refused and nothing of it is kept; reading goes on; with room, so does writing', async () => {
    const full = await openEmbeddedLog({ dataDir: folder(), maxPages: 100 });
    await full.log.append('kept', 'no_stream', proposedNumbers(3));
    const before = await everything(full.log);
    const retried = [large(), large(), large(), large(), large()];

    const outcomes = await Promise.allSettled([
      full.log.append('large', 'any', retried),
      full.log.append('small', 'no_stream', [proposed()]),
    ]);

    for (const outcome of outcomes) {
      const { detail } = (outcome as PromiseRejectedResult).reason as EngineError;
      expect(detail).toMatchObject({ kind: 'unavailable' });
    }
    expect(full.log.head).toBe(3);
    expect(await everything(full.log)).toEqual(before);
    expect(await full.log.append('small', 'no_stream', [proposed()])).toEqual({
      revision: 0,
      position: 4,
    });
    await full.close();

    const roomy = await openEmbeddedLog({ dataDir: folder() });
    // not taken for a retry: nothing of the refused append was kept, its ids neither
    expect(await roomy.log.append('large', 'any', retried)).toEqual({ revision: 4, position: 9 });
    await roomy.close();
  });

  it('an append that was refused can be retried as soon as there is room', async () => {
    const opened = await openEmbeddedLog({ dataDir: folder(), maxPages: 100 });
    const event = large();
    await opened.log.append('old', 'any', [large(), large()]);
    await opened.log.append('new', 'any', [proposed()]);
    const append = () => opened.log.append('new', 'any', [event, large()]);
    await expect(append()).rejects.toMatchObject({ detail: { kind: 'unavailable' } });

    await opened.log.delete('old', 'any', true);
    await opened.scavenge();

    expect(await append()).toMatchObject({ revision: 2 });
    await opened.close();
  });
});
