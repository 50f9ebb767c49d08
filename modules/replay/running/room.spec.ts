import fc from 'fast-check';
import { MOST_WAITING, Room } from './room.js';

describe('the room for more deliveries of a webhook', () => {
  it('is never overrun, however far the index lags behind the log', async () => {
    const steps = fc.array(
      fc.record({
        /** Events that the log gains before the index is asked, and how many the index takes in. */
        indexed: fc.nat({ max: 800 }),
        delivered: fc.nat({ max: 400 }),
        isRecorded: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        // The log: each entry is a delivery that was scheduled or ended, or a record of progress.
        const log: ('scheduled' | 'ended' | 'record')[] = [];
        const countOf = (what: string, upTo: number): number =>
          log.slice(0, upTo).filter((entry) => entry === what).length;
        let indexed = 0;
        const room = new Room(
          {
            backlog: () => {
              const waiting = countOf('scheduled', indexed) - countOf('ended', indexed);
              return Promise.resolve({ waiting, position: BigInt(indexed - 1) });
            },
          },
          'orders',
        );
        for (const { delivered, indexed: more, isRecorded } of history) {
          indexed = Math.min(log.length, indexed + more);
          const free = await room.free();
          for (let sent = 0; sent < free; sent++) log.push('scheduled');
          room.spend(free);
          const waiting = countOf('scheduled', log.length) - countOf('ended', log.length);
          expect(waiting).toBeLessThanOrEqual(MOST_WAITING);
          if (isRecorded) room.recordedAt(BigInt(log.push('record') - 1));
          for (let end = 0; end < Math.min(delivered, waiting); end++) log.push('ended');
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is there again once the index has seen what was sent, and that it was delivered', async () => {
    let backlog = { waiting: 0, position: -1n };
    const room = new Room({ backlog: () => Promise.resolve(backlog) }, 'orders');
    expect(await room.free()).toBe(MOST_WAITING);
    room.spend(MOST_WAITING);
    room.recordedAt(7n);
    expect(await room.free()).toBe(0);
    backlog = { waiting: 600, position: 7n };
    expect(await room.free()).toBe(MOST_WAITING - 600);
    backlog = { waiting: 900, position: 8n };
    expect(await room.free()).toBe(0);
  });
});
