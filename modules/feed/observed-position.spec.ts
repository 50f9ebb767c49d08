import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  END,
  EventStoreDBClient,
  jsonEvent,
  PARK,
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToAllInfo,
  type PersistentSubscriptionToAllResolvedEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
  RETRY,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { jest } from '@jest/globals';
import { WireStore } from '../../test/support/wire-store.js';
import { type EventStoreClient, openEmbeddedEventStore } from '../event-store/index.js';
import { observedPosition, observedPositionOf } from './observed-position.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

type Info = Pick<PersistentSubscriptionToAllInfo, 'stats' | 'status'>;
const at = (commit: bigint) => ({ commit, prepare: commit });

/** A live group with nothing to do, which wrote a checkpoint at 10 and saw an event at 17. */
function infoWith(stats: Partial<PersistentSubscriptionToAllInfo['stats']>, status = 'Live'): Info {
  return {
    status,
    stats: {
      averagePerSecond: 0,
      totalItems: 0n,
      countSinceLastMeasurement: 0n,
      readBufferCount: 0,
      liveBufferCount: 0n,
      retryBufferCount: 0,
      totalInFlightMessages: 0,
      outstandingMessagesCount: 0,
      parkedMessageCount: 0n,
      lastCheckpointedEventPosition: at(10n),
      lastKnownEventPosition: at(17n),
      ...stats,
    },
  };
}

describe('what a consumer group tells of itself', () => {
  it('is that it has answered everything it saw, when it is live and nothing waits', () => {
    expect(observedPositionOf(infoWith({}))).toBe(17n);
  });

  it.each<[string, Info]>([
    ['messages wait to be handed out', infoWith({ readBufferCount: 1 })],
    ['messages wait to be handed out again', infoWith({ retryBufferCount: 1 })],
    ['consumers hold messages', infoWith({ totalInFlightMessages: 1 })],
    ['messages are outstanding', infoWith({ outstandingMessagesCount: 1 })],
    ['it is behind', infoWith({}, 'Behind')],
    ['it reads history', infoWith({}, 'Behind, OutstandingPageRequest')],
    ['it hands out parked messages again', infoWith({}, 'ReplayingParkedMessages, Live')],
    ['it has not begun', infoWith({}, 'NotReady')],
  ])('is its checkpoint while %s', (_case, info) => {
    expect(observedPositionOf(info)).toBe(10n);
  });

  it('does not count what EventStoreDB keeps of the newest events', () => {
    expect(observedPositionOf(infoWith({ liveBufferCount: 500n }))).toBe(17n);
  });

  it('does not count what is parked: nobody is at it any more', () => {
    expect(observedPositionOf(infoWith({ parkedMessageCount: 3n }))).toBe(17n);
  });

  it('is nothing while it has answered nothing', () => {
    const { status, stats } = infoWith({});
    delete stats.lastCheckpointedEventPosition;
    delete stats.lastKnownEventPosition;
    expect(observedPositionOf({ status, stats })).toBe(-1n);
  });

  it('is its checkpoint where a server gives the end of all positions for what it does not know', () => {
    const end = at(2n ** 64n - 1n);
    expect(observedPositionOf(infoWith({ lastKnownEventPosition: end }))).toBe(10n);
  });
});

/** A client, and how to end it. */
type Open = () => Promise<{ client: EventStoreClient; close: () => Promise<void> }>;

const inProcess: Open = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'observed-'));
  const store = await openEmbeddedEventStore({ dataDir });
  return {
    client: store.client,
    close: async () => {
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
};

const overTheWire: Open = async () => {
  const store = await WireStore.open();
  const client = EventStoreDBClient.connectionString(store.connectionString);
  return {
    client,
    close: async () => {
      void client.dispose(); // never resolves after a read that was abandoned
      await store.close();
    },
  };
};

describe.each<[string, Open, boolean]>([
  ['the embedded event store, which filters', inProcess, true],
  ['the embedded event store, unfiltered', inProcess, false],
  ['the official client on the wire server, unfiltered', overTheWire, false],
])('the observed position on %s', (_name, open, isFiltered) => {
  const GROUP = 'observers';
  let client: EventStoreClient;
  let close: () => Promise<void>;
  let subscription: PersistentSubscriptionToAll | undefined;
  let received: PersistentSubscriptionToAllResolvedEvent[];
  let observed: () => Promise<bigint>;

  beforeEach(async () => {
    ({ client, close } = await open());
    observed = observedPosition({ client }, { groupName: GROUP });
    subscription = undefined;
    received = [];
  });
  afterEach(async () => {
    await subscription?.unsubscribe();
    await close();
  });

  async function createGroup(): Promise<void> {
    await client.createPersistentSubscriptionToAll(
      GROUP,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }),
      isFiltered ? { filter: streamNameFilter({ prefixes: ['order-'] }) } : {},
    );
  }

  /** Subscribes a consumer that answers what is not of the application at once. */
  function consume(): void {
    const joined = client.subscribeToPersistentSubscriptionToAll(GROUP);
    subscription = joined;
    joined.on('error', () => undefined);
    joined.on('data', (message: PersistentSubscriptionToAllResolvedEvent) => {
      if (message.event?.streamId.startsWith('order-')) received.push(message);
      else void joined.ack(message);
    });
  }

  async function append(stream = 'order-1'): Promise<bigint> {
    const { position } = await client.appendToStream(stream, jsonEvent({ type: 't', data: {} }));
    return position?.commit ?? -1n;
  }

  async function endOfLog(): Promise<bigint> {
    for await (const { event } of client.readAll({
      direction: 'backwards',
      fromPosition: END,
      maxCount: 1,
    })) {
      return event?.position.commit ?? -1n;
    }
    return -1n;
  }

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise(setImmediate);
  }

  it('is unknown while there is no group', async () => {
    await append();
    expect(await observed()).toBe(-1n);
  });

  it('stays below what nobody was given yet', async () => {
    const first = await append();
    await createGroup();

    expect(await observed()).toBeLessThan(first);
  });

  it('stays below what was handed out and not answered', async () => {
    await createGroup();
    consume();
    const first = await append();
    const second = await append('order-2');
    await until(() => received.length === 2);
    await subscription?.ack(...received.slice(1));

    for (let asked = 0; asked < 20; asked++) expect(await observed()).toBeLessThan(first);

    await subscription?.ack(...received.slice(0, 1));
    await until(async () => (await observed()) >= second);
  });

  it('stays below what is to be handed out again, to this consumer or another', async () => {
    await createGroup();
    consume();
    const position = await append();
    await until(() => received.length === 1);
    await subscription?.nack(RETRY, 'later', ...received);
    await until(() => received.length === 2);
    expect(await observed()).toBeLessThan(position);

    await subscription?.unsubscribe();
    for (let asked = 0; asked < 20; asked++) expect(await observed()).toBeLessThan(position);

    received = [];
    consume();
    await until(() => received.length === 1);
    await subscription?.ack(...received);
    await until(async () => (await observed()) >= position);
  });

  it('passes what was parked', async () => {
    await createGroup();
    consume();
    const position = await append();
    await until(() => received.length === 1);
    await subscription?.nack(PARK, 'broken', ...received);

    await until(async () => (await observed()) >= position);
    expect(await observed()).toBeGreaterThanOrEqual(position);
  });

  it('reaches the end of the log after the last answer, however few there were', async () => {
    await createGroup();
    consume();
    await append();
    await until(() => received.length === 1);
    await subscription?.ack(...received);
    const own = await append('posthorn.own');

    await until(async () => (await observed()) >= own);
    expect(await observed()).toBeLessThanOrEqual(await endOfLog());
  });

  it('is never ahead while events are answered in any order', async () => {
    await createGroup();
    consume();
    const positions: bigint[] = [];
    for (let number = 0; number < 60; number++) positions.push(await append(`order-${number}`));
    await until(() => received.length > 0);
    const answered = new Set<string>();
    const ahead: bigint[] = [];
    let turn = 0;
    while (answered.size < positions.length) {
      await until(() => received.length > 0);
      // now the newest that it holds, now the oldest
      const message = turn++ % 3 === 0 ? received.shift() : received.pop();
      if (!message?.event) continue;
      await subscription?.ack(message);
      answered.add(message.event.streamId);
      const lowest = positions.find((_position, number) => !answered.has(`order-${number}`));
      if (lowest !== undefined && (await observed()) >= lowest) ahead.push(lowest);
    }
    expect(ahead).toEqual([]);
    await until(async () => (await observed()) >= (positions.at(-1) ?? 0n));
  });
});
