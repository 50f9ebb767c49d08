import { GroupSimulation } from '../../../../test/support/group-simulation.js';
import { bucketOf, pinnedHash } from './pinned-hash.js';

describe('The hash of the pinned strategies', () => {
  it.each([
    ['', 46947589, 261],
    ['a', 3839613558, 630],
    ['ab', 421170331, 155],
    ['order-1', 4218260523, 43],
    ['order-12', 2484678829, 173],
    ['order-123', 322742350, 78],
    ['customer-0b1c', 2753825927, 135],
    ['stream_name_a', 802304568, 568],
  ])('is that of EventStoreDB for "%s"', (key, hash, bucket) => {
    expect(pinnedHash(Buffer.from(key, 'utf16le'), 0xc58f1a7b)).toBe(hash);
    expect(bucketOf(key)).toBe(bucket);
  });

  it('has the verification value that SMHasher computes', () => {
    const hashes = Buffer.alloc(4 * 256);
    for (let length = 0; length < 256; length++) {
      const bytes = Uint8Array.from({ length }, (_, index) => index);
      hashes.writeUInt32LE(pinnedHash(bytes, 256 - length), 4 * length);
    }

    expect(pinnedHash(hashes, 0)).toBe(0x56d249b1);
  });
});

describe('Pinned', () => {
  /** Forty streams, no two of which share a bucket. */
  const streams = [
    ...new Map(
      Array.from({ length: 60 }, (_, index) => `stream-${index}`).map((stream) => [
        bucketOf(stream),
        stream,
      ]),
    ).values(),
  ].slice(0, 40);

  function pinned(): GroupSimulation {
    return new GroupSimulation({ settings: { consumerStrategyName: 'Pinned' } });
  }

  function streamsOf(simulation: GroupSimulation, ids: readonly string[]): Set<string> {
    const byId = new Map(simulation.log.map(({ record }) => [record.id, record.stream]));
    return new Set(ids.map((id) => byId.get(id) ?? ''));
  }

  it('spreads streams evenly over the consumers', () => {
    const simulation = pinned();
    const consumers = [simulation.connect(100), simulation.connect(100)];

    for (const stream of streams) simulation.commit(stream);

    expect(consumers.map(({ held }) => held.length)).toEqual([20, 20]);
  });

  it('keeps a message for its consumer when that is full, and lets others pass', () => {
    const simulation = pinned();
    const consumers = [simulation.connect(1), simulation.connect(1)];
    simulation.commit('a');
    const second = simulation.commit('a');

    const other = simulation.commit('b');

    const [first, last] = consumers;
    expect(last?.held).toEqual([other]);
    if (first) simulation.ack(first);
    expect(first?.held).toEqual([second]);
  });

  it('hands a fair share of streams to a new consumer', () => {
    const simulation = pinned();
    const first = simulation.connect(1_000);
    for (const stream of streams) simulation.commit(stream);
    simulation.ack(first);

    const second = simulation.connect(1_000);
    for (const stream of streams) simulation.commit(stream);

    expect(first.held).toHaveLength(20);
    expect(second.held).toHaveLength(20);
  });

  it('gives the streams of a consumer that left to those who stay', () => {
    const simulation = pinned();
    const [gone, stays] = [simulation.connect(100), simulation.connect(100)];
    for (const stream of streams) simulation.commit(stream);
    const orphaned = streamsOf(simulation, gone.held);

    simulation.disconnect(gone);

    expect(streamsOf(simulation, stays.held)).toEqual(new Set(streams));
    expect(orphaned.size).toBe(20);
  });
});
