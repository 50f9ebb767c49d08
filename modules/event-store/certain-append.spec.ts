import {
  AccessDeniedError,
  type AppendResult,
  DeadlineExceededError,
  StreamDeletedError,
  UnavailableError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { ManualClock } from '../kernel/index.js';
import { appendCertainly, newEvents } from './certain-append.js';
import type { EventStoreClient } from './event-store-client.js';

const APPENDED: AppendResult = {
  success: true,
  nextExpectedRevision: 4n,
  position: { commit: 70n, prepare: 70n },
};

/** A store that answers as scripted, and the ids of the events it was given each time. */
function scripted(...answers: (AppendResult | Error)[]) {
  const ids: string[][] = [];
  const appendToStream = (_stream: string, events: unknown) => {
    ids.push([events].flat().map((event) => (event as { id: string }).id));
    const answer = answers.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { ids, client: { appendToStream } as unknown as EventStoreClient };
}

/** Moves time on until the append has ended. */
async function settled<Result>(clock: ManualClock, append: Promise<Result>): Promise<Result> {
  const state = { isSettled: false };
  const done = (): void => {
    state.isSettled = true;
  };
  append.then(done, done);
  while (!state.isSettled) {
    await new Promise(setImmediate);
    clock.advance(10_000);
  }
  return append;
}

const unreachable = (): Error => Object.assign(new Error('14 UNAVAILABLE'), { code: 14 });

describe('an append whose outcome has to be known', () => {
  const clock = new ManualClock();
  const events = newEvents([{ type: 'Happened', data: {} }]);
  const append = (client: EventStoreClient, signal?: AbortSignal) =>
    settled(
      clock,
      appendCertainly('a', events, {
        client,
        clock,
        expectedRevision: 'any',
        ...(signal && { signal }),
      }),
    );

  it.each([
    ['a deadline', new DeadlineExceededError()],
    ['a lost connection', new UnavailableError()],
    ['a server that cannot be reached at all', unreachable()],
  ])('is tried again with the same ids after %s', async (_name, failure) => {
    const { client, ids } = scripted(failure, failure, APPENDED);

    await expect(append(client)).resolves.toEqual({
      kind: 'appended',
      revision: 4n,
      position: 70n,
    });
    expect(ids).toHaveLength(3);
    expect(new Set(ids.flat()).size).toBe(1);
  });

  it('is decided by a wrong expected revision and by a tombstone', async () => {
    const versions = { streamName: 'a', expected: 0n, current: 1n };
    const wrong = scripted(new WrongExpectedVersionError(undefined, versions));
    const gone = scripted(new StreamDeletedError(undefined, 'a'));

    await expect(append(wrong.client)).resolves.toEqual({ kind: 'conflict' });
    await expect(append(gone.client)).resolves.toEqual({ kind: 'purged' });
  });

  it('fails with what the store refuses for good', async () => {
    const { client, ids } = scripted(new AccessDeniedError());

    await expect(append(client)).rejects.toThrow(AccessDeniedError);
    expect(ids).toHaveLength(1);
  });

  it('gives up once it is aborted, with the last error', async () => {
    const aborted = AbortSignal.abort();
    const { client } = scripted(new UnavailableError());

    await expect(append(client, aborted)).rejects.toThrow(UnavailableError);
  });
});
