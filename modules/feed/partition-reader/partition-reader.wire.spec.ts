import { jsonEvent } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { WireStore } from '../../../test/support/wire-store.js';
import {
  appendCertainly,
  connectEventStore,
  type EventStore,
  StreamNames,
} from '../../event-store/index.js';
import { SystemClock } from '../../kernel/index.js';
import type { HandleInOrder } from './handle-in-order.port.js';
import { PartitionReader } from './partition-reader.js';

const STREAMS = 12;
const clock = new SystemClock();

let wire: WireStore;
let store: EventStore;
let readers: PartitionReader[];
/** Revisions of each stream, in the order in which they were handled, repetitions included. */
let handled: Map<string, number[]>;
let onHandled: () => void;

beforeEach(async () => {
  Logger.overrideLogger(false);
  wire = await WireStore.open();
  store = await connectEventStore({ url: wire.connectionString });
  readers = [];
  handled = new Map();
  onHandled = () => undefined;
});

afterEach(async () => {
  await Promise.all(readers.map((reader) => reader.close()));
  await store.close();
  await wire.close();
});

const handle: HandleInOrder = ({ streamId, revision }) => {
  handled.set(streamId, [...(handled.get(streamId) ?? []), Number(revision)]);
  onHandled();
  return Promise.resolve();
};

async function start(instance: string, leaseMs: number): Promise<PartitionReader> {
  const reader = new PartitionReader({
    store,
    names: new StreamNames(),
    clock,
    handle,
    instance,
    startAfter: () => Promise.resolve(-1n),
    limits: { leaseMs, checkpointMs: 100 },
  });
  readers.push(reader);
  await reader.start();
  return reader;
}

async function append(eventsPerStream: number): Promise<void> {
  const placed = () => jsonEvent({ type: 'Placed', data: {} });
  for (let stream = 0; stream < STREAMS; stream++) {
    const options = { client: store.client, clock, expectedRevision: 'any' } as const;
    const events = Array.from({ length: eventsPerStream }, placed);
    await appendCertainly(`order-${stream}`, events, options);
  }
}

/** Resolves when `count` events of each stream were handled, each at least once. */
async function allHandled(count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    onHandled = () => {
      const seen = [...handled.values()].filter((revisions) => new Set(revisions).size === count);
      if (seen.length === STREAMS) resolve();
    };
    onHandled();
  });
}

function expectInOrder(count: number): void {
  const revisions = Array.from({ length: count }, (_, revision) => revision);
  for (const one of handled.values()) expect([...new Set(one)]).toEqual(revisions);
}

describe('consumption in order through the official client', () => {
  it('handles everything once, in order, on two instances', async () => {
    await append(10);
    await start('one', 30_000);
    await start('two', 30_000);
    await allHandled(10);
    await append(10);
    await allHandled(20);

    expectInOrder(20);
    expect([...handled.values()].flat()).toHaveLength(20 * STREAMS);
  }, 30_000);

  it('goes on after the server was restarted, twice', async () => {
    await start('one', 3_000);
    await start('two', 3_000);
    await append(10);
    await allHandled(10);
    for (const total of [20, 30]) {
      const { port } = wire.server;
      wire = await WireStore.open({ port }, await wire.stop());
      await append(10);
      await allHandled(total);
    }

    expect(handled.size).toBe(STREAMS);
    expectInOrder(30);
  }, 60_000);
});
