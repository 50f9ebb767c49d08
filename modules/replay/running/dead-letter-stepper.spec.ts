import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { type EventStore, openEmbeddedEventStore, StreamNames } from '../../event-store/index.js';
import { PosthornError } from '../../kernel/index.js';
import type { DeadLetters } from '../dead-letters.port.js';
import { NO_COUNTS, type ReplayRecord } from '../replay-record.events.js';
import { DeadLetterStepper } from './dead-letter-stepper.js';

const FROM_THE_START = { cursor: null, counts: NO_COUNTS };

describe('a replay of dead letters', () => {
  const names = new StreamNames();
  let dataDir: string;
  let store: EventStore;
  /** Commit position at which the replay was recorded. */
  let startedAt: bigint;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'posthorn-stepper-'));
    store = await openEmbeddedEventStore({ dataDir });
    const started = jsonEvent({ type: 'ReplayStarted', data: {} });
    const { position } = await store.client.appendToStream(names.replay('r'), started);
    startedAt = position?.commit ?? -1n;
  });
  afterEach(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  function stepper(page: DeadLetters['page']) {
    const replayed: string[] = [];
    const one = new DeadLetterStepper({
      client: store.client,
      names,
      replay: { replayId: 'r', requestedBy: 'ops', reason: null } as ReplayRecord,
      scope: { kind: 'dead-letters', filter: {}, accepted: 1 },
      deadLetters: { count: () => Promise.resolve(0), page },
      deliveries: {
        replayDeadLetter: ({ deliveryId }) => {
          replayed.push(deliveryId);
          return Promise.resolve(true);
        },
      },
    });
    return { one, replayed };
  }

  it('asks a read model that knows all that died before it was asked for', async () => {
    const asked: bigint[] = [];
    const { one, replayed } = stepper(({ minPosition }) => {
      asked.push(minPosition);
      return Promise.resolve(['dead']);
    });

    const step = await one.step(FROM_THE_START, 10);

    expect(asked).toEqual([startedAt]);
    expect(replayed).toEqual(['dead']);
    expect(step).toMatchObject({ isEnd: true, mustWait: false });
  });

  it('waits for one that is behind, and is not over meanwhile', async () => {
    const lagging = new PosthornError('PSH_PROJECTION_LAGGING');
    const { one, replayed } = stepper(() => Promise.reject(lagging));

    const step = await one.step(FROM_THE_START, 10);

    expect(step).toEqual({ cursor: null, counts: NO_COUNTS, isEnd: false, mustWait: true });
    expect(replayed).toEqual([]);
  });
});
