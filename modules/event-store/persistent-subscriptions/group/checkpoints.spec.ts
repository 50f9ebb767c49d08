import {
  GroupSimulation,
  type SimulationOptions,
} from '../../../../test/support/group-simulation.js';

const EVERY_EVENT = { minCheckpointCount: 1, maxCheckpointCount: 1 };

function simulated(options: SimulationOptions = {}): GroupSimulation {
  return new GroupSimulation({ ...options, settings: { ...EVERY_EVENT, ...options.settings } });
}

describe('A checkpoint', () => {
  it('says the last place before the first message that is not done', () => {
    const simulation = simulated();
    const consumer = simulation.connect();
    for (let count = 0; count < 5; count++) simulation.commit();
    const [first, second, third] = consumer.held;

    simulation.ack(consumer, [second ?? '', third ?? '']);
    expect(simulation.checkpoint).toBeUndefined();

    simulation.ack(consumer, [first ?? '']);
    expect(simulation.checkpoint).toBe(simulation.log[2]?.record.position);
  });

  it('counts parked messages as done once they are on disk', () => {
    const simulation = simulated({ isPrompt: false });
    const consumer = simulation.connect();
    simulation.settle();
    simulation.commit();

    simulation.nack(consumer, 'park');
    expect(simulation.pendingCount).toBe(1);

    simulation.settle();
    expect(simulation.checkpoint).toBe(simulation.log[0]?.record.position);
  });

  it('passes records that the filter leaves out when nothing else is pending', () => {
    const simulation = simulated({ history: [null, null, 's', null, null] });
    const consumer = simulation.connect();

    simulation.ack(consumer);
    expect(simulation.checkpoint).toBe(simulation.log[4]?.record.position);

    simulation.commit(null);
    expect(simulation.checkpoint).toBe(simulation.log[5]?.record.position);
  });

  it('does not pass a matching event that waits for a consumer, whatever is filtered out after it', () => {
    const simulation = simulated();
    const wanted = simulation.commit('s');
    for (let count = 0; count < 2_000; count++) simulation.commit(null);
    simulation.advance(60_000);

    simulation.restart();
    const consumer = simulation.connect();

    expect(simulation.checkpoint).toBeUndefined();
    expect(consumer.held).toEqual([wanted]);
  });

  it('does not pass what a live group has no room for', () => {
    const simulation = simulated({
      settings: { historyBufferSize: 4, readBatchSize: 2, liveBufferSize: 2 },
    });
    const consumer = simulation.connect(1);
    for (let count = 0; count < 50; count++) simulation.commit(count % 5 === 0 ? 's' : null);
    simulation.ack(consumer);
    simulation.advance(10_000);

    simulation.restart();
    const other = simulation.connect(1, { acknowledgesAtOnce: true });

    expect([...simulation.acknowledged].sort()).toEqual([...simulation.wanted].sort());
    expect(other.received.map(({ id }) => id)).toEqual(simulation.wanted.slice(1));
  });

  it('does not pass a pinned message whose consumer is full', () => {
    const simulation = simulated({ settings: { consumerStrategyName: 'Pinned' } });
    const slow = simulation.connect(1);
    simulation.connect(100, { acknowledgesAtOnce: true });
    const pinned = simulation.commit('a');
    const waiting = simulation.commit('a');
    const isSlow = slow.held.includes(pinned);
    const other = isSlow ? 'b' : 'c';
    for (let count = 0; count < 20; count++) simulation.commit(other);
    simulation.ack(slow);

    const passed = simulation.log
      .filter(({ record }) => record.position <= (simulation.checkpoint ?? 0))
      .map(({ record }) => record.id);

    expect(passed.every((id) => simulation.acknowledged.has(id))).toBe(true);
    expect(simulation.acknowledged.has(waiting)).toBe(!isSlow);
  });

  it('is written at once after enough progress', () => {
    const simulation = new GroupSimulation({
      settings: { minCheckpointCount: 5, maxCheckpointCount: 10, checkpointAfterMs: 60_000 },
    });
    simulation.connect(1, { acknowledgesAtOnce: true });

    for (let count = 0; count < 25; count++) simulation.commit();

    expect(simulation.checkpoints).toHaveLength(2);
  });

  it('is written at a tick after some progress and some time', () => {
    const simulation = new GroupSimulation({
      settings: { minCheckpointCount: 5, maxCheckpointCount: 1_000, checkpointAfterMs: 3_000 },
    });
    simulation.connect(1, { acknowledgesAtOnce: true });
    for (let count = 0; count < 4; count++) simulation.commit();
    simulation.advance(10_000);
    expect(simulation.checkpoints).toEqual([]);

    simulation.commit();
    simulation.advance(1_000);
    expect(simulation.checkpoints).toHaveLength(1);

    for (let count = 0; count < 5; count++) simulation.commit();
    simulation.advance(2_000);
    expect(simulation.checkpoints).toHaveLength(1);

    simulation.advance(1_000);
    expect(simulation.checkpoints).toHaveLength(2);
  });

  it('is written one at a time', () => {
    const simulation = simulated({ isPrompt: false });
    simulation.connect(1, { acknowledgesAtOnce: true });
    simulation.settle();

    for (let count = 0; count < 10; count++) simulation.commit();
    expect(simulation.pendingCount).toBe(1);

    simulation.settle();
    simulation.commit();
    simulation.settle();
    expect(simulation.checkpoint).toBe(simulation.log.at(-1)?.record.position);
  });

  it('is where a group goes on after a restart, with no retries counted', () => {
    const simulation = simulated();
    const consumer = simulation.connect();
    for (let count = 0; count < 4; count++) simulation.commit();
    simulation.ack(consumer, consumer.held.slice(0, 2));

    simulation.restart();
    const other = simulation.connect();

    expect(other.received).toEqual(simulation.wanted.slice(2).map((id) => ({ id, retryCount: 0 })));
  });
});
