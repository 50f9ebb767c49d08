import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import fc from 'fast-check';
import { ManualClock } from '../../kernel/index.js';
import { StreamQueues } from './stream-queues.js';

let positions = 0n;

/** An event further up the log than all before it. */
function event(streamId: string, revision: number): AllStreamRecordedEvent {
  const position = { commit: ++positions, prepare: positions };
  return { streamId, revision: BigInt(revision), position } as unknown as AllStreamRecordedEvent;
}

const nameOf = ({ streamId, revision }: AllStreamRecordedEvent): string =>
  `${streamId}@${revision}`;

/** Queues whose handler ends when the test says so. */
function queues(streamsAtOnce = 2) {
  const clock = new ManualClock();
  const begun: string[] = [];
  const handled: string[] = [];
  const failed: string[] = [];
  const underWay = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const subject = new StreamQueues({
    clock,
    streamsAtOnce,
    handle: (one) => {
      begun.push(nameOf(one));
      return new Promise((resolve, reject) => underWay.set(nameOf(one), { resolve, reject }));
    },
    onHandled: (one) => handled.push(nameOf(one)),
    onFailed: (one, _error, pauseMs) => failed.push(`${nameOf(one)} ${pauseMs}`),
  });
  const settle = async (name: string, error?: Error): Promise<void> => {
    const one = underWay.get(name);
    underWay.delete(name);
    if (error) one?.reject(error);
    else one?.resolve();
    await new Promise(setImmediate);
  };
  return { subject, clock, begun, handled, failed, underWay, settle };
}

describe('the queues of the streams', () => {
  it('handle the events of one stream one after the other', async () => {
    const { subject, begun, handled, settle } = queues();
    for (const revision of [0, 1, 2]) subject.add(event('a', revision));
    expect(begun).toEqual(['a@0']);
    await settle('a@0');
    expect(begun).toEqual(['a@0', 'a@1']);
    expect(handled).toEqual(['a@0']);
  });

  it('handle different streams side by side, as many as they may', async () => {
    const { subject, begun, settle } = queues(2);
    for (const stream of ['a', 'b', 'c']) subject.add(event(stream, 0));
    expect(begun).toEqual(['a@0', 'b@0']);
    await settle('b@0');
    expect(begun).toEqual(['a@0', 'b@0', 'c@0']);
  });

  it('let every stream have its turn', async () => {
    const { subject, begun, settle } = queues(1);
    subject.add(event('a', 0));
    subject.add(event('a', 1));
    subject.add(event('b', 0));
    await settle('a@0');
    await settle('b@0');
    expect(begun).toEqual(['a@0', 'b@0', 'a@1']);
  });

  it('try a failed event again after pauses that grow, while other streams go on', async () => {
    const { subject, clock, begun, failed, handled, settle } = queues(1);
    subject.add(event('a', 0));
    subject.add(event('a', 1));
    subject.add(event('b', 0));
    await settle('a@0', new Error('no'));
    expect(subject.failingStreams).toBe(1);
    await settle('b@0');
    clock.advance(100);
    await settle('a@0', new Error('no'));
    clock.advance(199);
    expect(begun).toEqual(['a@0', 'b@0', 'a@0']);
    clock.advance(1);
    await settle('a@0');
    expect(subject.failingStreams).toBe(0);
    await settle('a@1');
    expect(failed).toEqual(['a@0 100', 'a@0 200']);
    expect(handled).toEqual(['b@0', 'a@0', 'a@1']);
  });

  it('never pause for longer than half a minute', async () => {
    const { subject, clock, failed, settle } = queues();
    subject.add(event('a', 0));
    for (let time = 0; time < 12; time++) {
      await settle('a@0', new Error('no'));
      clock.advance(30_000);
    }
    expect(failed.at(-1)).toBe('a@0 30000');
  });

  it('finish with everything up to the highest event that was begun, and begin none above it', async () => {
    const { subject, begun, handled, settle } = queues(2);
    const order: [string, number][] = [
      ['a', 0],
      ['a', 1],
      ['b', 0],
      ['c', 0],
      ['a', 2],
      ['b', 1],
    ];
    for (const [stream, revision] of order) subject.add(event(stream, revision));
    await settle('b@0');
    let isFinished = false;
    const finished = subject.finish().then(() => (isFinished = true));

    await settle('a@0');
    await settle('c@0');
    expect(isFinished).toBe(false);
    await settle('a@1');
    await finished;

    expect(begun).toEqual(['a@0', 'b@0', 'c@0', 'a@1']);
    expect(handled).toHaveLength(4);
  });

  it('finish at once when nothing was begun, and when they are stopped', async () => {
    const idle = queues();
    await idle.subject.finish();
    const { subject, settle } = queues();
    subject.add(event('a', 0));
    const finished = subject.finish();
    void subject.stop();
    await finished;
    await settle('a@0');
    expect(idle.begun).toEqual([]);
  });

  it('start nothing after they were stopped, and tell when nothing runs any more', async () => {
    const { subject, clock, begun, handled, settle } = queues();
    for (const [stream, revision] of [
      ['a', 0],
      ['a', 1],
      ['b', 0],
    ] as const) {
      subject.add(event(stream, revision));
    }
    await settle('b@0', new Error('no'));
    let isStopped = false;
    const stopped = subject.stop().then(() => (isStopped = true));
    clock.advance(1_000);
    expect(isStopped).toBe(false);
    await settle('a@0');
    await stopped;
    expect(begun).toEqual(['a@0', 'b@0']);
    expect(handled).toEqual(['a@0']);
  });

  it('keep the order of each stream, whatever ends and fails when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 30 }),
        fc.array(fc.tuple(fc.nat(), fc.boolean()), { minLength: 400, maxLength: 400 }),
        async (streams, steps) => {
          const { subject, clock, begun, handled, underWay, settle } = queues(3);
          const revisions = new Map<number, number>();
          for (const stream of streams) {
            const revision = revisions.get(stream) ?? 0;
            revisions.set(stream, revision + 1);
            subject.add(event(String(stream), revision));
          }
          for (const [pick, fails] of steps) {
            const names = [...underWay.keys()];
            const name = names[pick % Math.max(names.length, 1)];
            if (name) await settle(name, fails ? new Error('no') : undefined);
            clock.advance(30_000);
            if (handled.length === streams.length) break;
          }
          for (const [stream, count] of revisions) {
            const own = [...new Set(begun)].filter((name) => name.startsWith(`${stream}@`));
            const expected = Array.from(
              { length: count },
              (_, revision) => `${stream}@${revision}`,
            );
            expect(own).toEqual(expected.slice(0, own.length));
          }
          expect(new Set(handled).size).toBe(handled.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});
