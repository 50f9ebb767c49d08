import { GroupSimulation } from '../../../../test/support/group-simulation.js';

const records = (count: number): string[] => Array.from({ length: count }, () => 's');

describe('A group that begins to read', () => {
  it('hands out what is in the log, in order, as far as its consumer has slots', () => {
    const simulation = new GroupSimulation({ history: records(30) });

    const consumer = simulation.connect(4);

    expect(consumer.held).toEqual(simulation.wanted.slice(0, 4));
  });

  it('goes on handing out as slots become free, and ends live', () => {
    const simulation = new GroupSimulation({ history: records(1_234) });
    const consumer = simulation.connect(7);

    while (consumer.held.length > 0) simulation.ack(consumer);

    expect(consumer.received.map(({ id }) => id)).toEqual(simulation.wanted);
    expect(simulation.group.stats().status).toBe('Live');
  });

  it('never holds more than its history buffer', () => {
    const simulation = new GroupSimulation({
      history: records(500),
      settings: { historyBufferSize: 40, readBatchSize: 15 },
    });

    simulation.connect(3);

    const { readBufferCount, status } = simulation.group.stats();
    expect(readBufferCount).toBeLessThanOrEqual(40);
    expect(status).toBe('Behind');
  });

  it('gets on with sizes of zero', () => {
    const simulation = new GroupSimulation({
      history: records(50),
      settings: { historyBufferSize: 1, readBatchSize: 0, liveBufferSize: 0 },
    });
    const consumer = simulation.connect(2);
    simulation.commit();

    while (consumer.held.length > 0) simulation.ack(consumer);

    expect(consumer.received.map(({ id }) => id)).toEqual(simulation.wanted);
  });
});

describe('A live group', () => {
  it('hands out an event within the notification of its commit', () => {
    const simulation = new GroupSimulation({ isPrompt: false });
    const consumer = simulation.connect(1);

    const id = simulation.commit();

    expect(consumer.held).toEqual([id]);
  });

  it('falls behind when nobody takes its messages, and catches up without a gap', () => {
    const simulation = new GroupSimulation({
      settings: { historyBufferSize: 10, readBatchSize: 5, liveBufferSize: 8 },
    });
    const consumer = simulation.connect(2);
    for (let count = 0; count < 100; count++) simulation.commit();
    expect(simulation.group.stats().status).toBe('Behind');

    while (consumer.held.length > 0) simulation.ack(consumer);

    expect(consumer.received.map(({ id }) => id)).toEqual(simulation.wanted);
    expect(simulation.group.stats().status).toBe('Live');
  });

  it('takes what it kept meanwhile without reading the log when that is enough', () => {
    const simulation = new GroupSimulation({
      isPrompt: false,
      settings: { historyBufferSize: 2, readBatchSize: 1, liveBufferSize: 8 },
    });
    const consumer = simulation.connect(1);
    for (let count = 0; count < 6; count++) simulation.commit();

    while (consumer.held.length > 0) simulation.ack(consumer);

    expect(consumer.received.map(({ id }) => id)).toEqual(simulation.wanted);
    expect(simulation.pendingCount).toBe(0);
  });

  it('lets a consumer acknowledge inside the push', () => {
    const simulation = new GroupSimulation({ history: records(300) });

    const consumer = simulation.connect(1, { acknowledgesAtOnce: true });
    simulation.commit();

    expect(consumer.received.map(({ id }) => id)).toEqual(simulation.wanted);
  });

  it('gives nothing to a consumer that takes no more until it resumes', () => {
    const simulation = new GroupSimulation({ history: records(5) });
    const consumer = simulation.connect(10, { takesMore: false });
    expect(consumer.held).toHaveLength(1);

    simulation.resume(consumer);

    expect(consumer.held).toHaveLength(2);
  });

  it('never has two messages with the same id outstanding', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect(10);
    const record = { ...recordAt(1), id: 'twin' };
    simulation.group.live(record, 1, 0);
    simulation.group.live({ ...record, stream: 'other' }, 2, 0);
    expect(consumer.received).toHaveLength(1);

    simulation.ack(consumer, ['twin']);
    expect(consumer.received).toHaveLength(2);

    simulation.ack(consumer, ['twin']);
    expect(simulation.group.stats().outstandingCount).toBe(0);
    expect(simulation.group.unwrittenCheckpoint()).toMatchObject({ place: 2 });
  });
});

describe('A message that was not acknowledged', () => {
  it('is handed out again when its consumer asks for it, before anything new', () => {
    const simulation = new GroupSimulation({ history: records(5) });
    const consumer = simulation.connect(2);
    const [first, second] = consumer.held;

    simulation.nack(consumer, 'retry', [first ?? '']);

    expect(consumer.received.at(-1)).toEqual({ id: first, retryCount: 1 });
    expect(consumer.held).toEqual([second, first]);
  });

  it('is parked when it was handed out as often as the group allows', () => {
    const simulation = new GroupSimulation({ settings: { maxRetryCount: 2 } });
    const consumer = simulation.connect();
    const id = simulation.commit();

    for (let tries = 0; tries < 3; tries++) simulation.nack(consumer, 'retry');

    expect(consumer.received.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
    expect(simulation.parked).toEqual([id]);
    expect(simulation.reasons).toEqual(['Reached retry count of 2']);
  });

  it('is parked at once when its consumer says so', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect();
    const id = simulation.commit();

    simulation.nack(consumer, 'park');

    expect(simulation.parked).toEqual([id]);
    expect(simulation.reasons).toEqual(["Client explicitly NAK'ed message.\nbecause"]);
    expect(simulation.group.stats().parkedCount).toBe(1);
  });

  it.each(['skip', 'stop'] as const)('is left out after %s', (action) => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect();
    simulation.commit();

    simulation.nack(consumer, action);
    simulation.advance(60_000);

    expect(consumer.received).toHaveLength(1);
    expect(simulation.parked).toEqual([]);
  });

  it('goes to another consumer when its own is gone, in order and however often it was retried', () => {
    const simulation = new GroupSimulation({
      settings: { maxRetryCount: 0, consumerStrategyName: 'DispatchToSingle' },
      history: records(3),
    });
    const first = simulation.connect(10);
    const second = simulation.connect(10);

    simulation.disconnect(first);

    expect(second.received).toEqual(simulation.wanted.map((id) => ({ id, retryCount: 1 })));
  });

  it('is handed out again when its time is over, but not before', () => {
    const simulation = new GroupSimulation({ settings: { messageTimeoutMs: 5_000 } });
    const consumer = simulation.connect(1);
    simulation.commit();

    simulation.advance(4_000);
    expect(consumer.received).toHaveLength(1);

    simulation.advance(1_000);
    expect(consumer.received.map(({ retryCount }) => retryCount)).toEqual([0, 1]);
  });

  it('expires at the next tick with a timeout of zero', () => {
    const simulation = new GroupSimulation({ settings: { messageTimeoutMs: 0, maxRetryCount: 0 } });
    simulation.connect();
    const id = simulation.commit();

    simulation.advance(1_000);

    expect(simulation.parked).toEqual([id]);
  });

  it('is done by a late acknowledgement when it is outstanding again', () => {
    const simulation = new GroupSimulation({ settings: { messageTimeoutMs: 1_000 } });
    const consumer = simulation.connect();
    const id = simulation.commit();
    simulation.advance(1_000);

    simulation.ack(consumer, [id]);
    simulation.advance(10_000);

    expect(consumer.received).toHaveLength(2);
  });
});

describe('Parked messages', () => {
  it('are handed out again on request, by the id of the parked record and with no retries counted', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect();
    const id = simulation.commit();
    simulation.nack(consumer, 'park');

    simulation.replayParked();

    expect(consumer.received.at(-1)).toEqual({ id, retryCount: 0 });
    expect(consumer.held).toEqual(['parked-0']);
    expect(simulation.group.stats().parkedCount).toBe(0);
  });

  it('are replayed up to a revision exclusive, and from there on the next time', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect();
    for (let count = 0; count < 5; count++) simulation.commit();
    simulation.nack(consumer, 'park');

    simulation.replayParked(2);
    expect(consumer.held).toEqual(['parked-0', 'parked-1']);

    simulation.replayParked();
    expect(consumer.held).toEqual(['parked-0', 'parked-1', 'parked-2', 'parked-3', 'parked-4']);
  });

  it('do nothing when there is nothing to replay', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect();
    simulation.commit();
    simulation.nack(consumer, 'park');

    simulation.replayParked(0);

    expect(consumer.held).toEqual([]);
    expect(simulation.group.stats().status).toBe('Live');
  });

  it('are cut off only when they are done', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect();
    for (let count = 0; count < 3; count++) simulation.commit();
    simulation.nack(consumer, 'park');
    simulation.replayParked();

    simulation.ack(consumer, ['parked-0', 'parked-2']);
    simulation.advance(1_000);
    expect(simulation.parkedFrom).toBe(1);

    simulation.ack(consumer, ['parked-1']);
    simulation.advance(1_000);
    expect(simulation.parkedFrom).toBe(3);
  });

  it('are parked anew when they fail again', () => {
    const simulation = new GroupSimulation({ settings: { maxRetryCount: 0 } });
    const consumer = simulation.connect();
    const id = simulation.commit();
    simulation.nack(consumer, 'retry');
    simulation.replayParked();

    simulation.nack(consumer, 'retry');
    simulation.advance(1_000);

    expect(simulation.parked).toEqual([id, id]);
    expect(simulation.parkedFrom).toBe(1);
    expect(simulation.group.stats().parkedCount).toBe(1);
  });

  it('go out after retries and before new messages', () => {
    const simulation = new GroupSimulation();
    const consumer = simulation.connect(2);
    const [parked, retried] = [simulation.commit(), simulation.commit()];
    simulation.nack(consumer, 'park', [parked]);
    const fresh = [simulation.commit(), simulation.commit(), simulation.commit()];
    simulation.replayParked();

    simulation.disconnect(consumer);
    const other = simulation.connect(10);

    expect(other.received.map(({ id }) => id)).toEqual([
      retried,
      fresh[0],
      parked,
      fresh[1],
      fresh[2],
    ]);
  });
});

function recordAt(position: number) {
  return {
    id: `e${position}`,
    type: 'signal',
    isJson: false,
    data: new Uint8Array(0),
    metadata: new Uint8Array(0),
    position,
    stream: 's',
    revision: position,
    created: 0,
  };
}
