import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  type BenchConsumer,
  SubscriptionsBench,
} from '../../../test/support/subscriptions-bench.js';
import { EngineError, type LogFilter } from '../embedded/event-log.js';
import type { GroupSettings, GroupSource } from './group-settings.js';

const SETTINGS: GroupSettings = {
  resolveLinkTos: false,
  extraStatistics: false,
  messageTimeoutMs: 30_000,
  maxRetryCount: 10,
  checkpointAfterMs: 2_000,
  minCheckpointCount: 10,
  maxCheckpointCount: 1_000,
  maxSubscriberCount: 0,
  liveBufferSize: 500,
  readBatchSize: 20,
  historyBufferSize: 500,
  consumerStrategyName: 'RoundRobin',
  startFrom: 0n,
};
const ALL_FROM_START = { ...SETTINGS, startFrom: { commit: 0n, prepare: 0n } };
const ALL_FROM_END = { ...SETTINGS, startFrom: { commit: -1n, prepare: -1n } };
const ORDERS: LogFilter = { on: 'stream', prefixes: ['order-'] };
const STREAM: GroupSource = { stream: 'order-1' };

jest.setTimeout(30_000); // on a busy machine

describe('PersistentSubscriptions', () => {
  let bench: SubscriptionsBench;
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    bench = new SubscriptionsBench();
    await bench.open();
  });
  afterEach(() => bench.close());

  const idsOf = ({ deliveries }: BenchConsumer): string[] => deliveries.map(({ id }) => id);

  it('hands out a live event before the append that wrote it resolves', async () => {
    await bench.subscriptions.create('all', 'g', ALL_FROM_END, ORDERS);
    const consumer = await bench.connect('all', 'g');
    const atCommit: number[] = [];
    bench.log.onCommitted(() => atCommit.push(consumer.deliveries.length));

    await bench.append('other', 'noise');
    await bench.append('order-1', 'a', 'b');

    expect(atCommit).toEqual([0, 2]);
  });

  describe('what a group has not handled survives', () => {
    it('although the group began at the end and has no checkpoint yet', async () => {
      await bench.append('order-1', 'before');
      await bench.subscriptions.create('all', 'all-group', ALL_FROM_END, ORDERS);
      await bench.subscriptions.create(STREAM, 'group', { ...SETTINGS, startFrom: -1n });
      await bench.append('order-1', 'after');

      await bench.kill();

      for (const [source, group] of [['all', 'all-group'] as const, [STREAM, 'group'] as const]) {
        const consumer = await bench.connect(source, group);
        await bench.untilReceived(consumer, 1);
        expect(consumer.data()).toEqual(['after']);
      }
    });

    it('although filtered-out events were committed after it, whose places a checkpoint could name', async () => {
      const eager = { ...ALL_FROM_START, minCheckpointCount: 1, maxCheckpointCount: 1 };
      await bench.subscriptions.create('all', 'g', eager, ORDERS);
      await bench.append('order-1', 'a', 'b');
      await bench.append('noise', ...Array.from({ length: 50 }, String));
      const consumer = await bench.connect('all', 'g', 1);
      await bench.untilReceived(consumer, 1);
      consumer.connection.ack(idsOf(consumer));
      await bench.append('noise', ...Array.from({ length: 50 }, String));
      const handled = consumer.deliveries[0]?.record.event?.position ?? 0;
      await bench.until(async () => {
        bench.clock.advance(1_000);
        const { lastCheckpointed } = await bench.subscriptions.info('all', 'g');
        return lastCheckpointed === `C:${handled}/P:${handled}`;
      });

      await bench.kill();

      const later = await bench.connect('all', 'g');
      await bench.untilReceived(later, 1);
      expect(later.data()).toEqual(['b']);
    });

    it('although it was replayed from the parked messages', async () => {
      await bench.subscriptions.create(STREAM, 'g', SETTINGS);
      const consumer = await bench.connect(STREAM, 'g');
      await bench.append('order-1', 'a', 'b');
      await bench.untilReceived(consumer, 2);
      consumer.connection.nack(idsOf(consumer), 'park', 'no');
      await untilParked(2);
      await bench.subscriptions.replayParked(STREAM, 'g');
      await bench.untilReceived(consumer, 4);
      consumer.connection.ack([consumer.deliveries[2]?.id ?? '']);
      bench.clock.advance(1_000);

      await bench.restart();
      await untilParked(1);
      const later = await bench.connect(STREAM, 'g');
      await bench.subscriptions.replayParked(STREAM, 'g');

      await bench.untilReceived(later, 1);
      expect(later.data()).toEqual(['b']);
    });

    it('although its parking failed at first', async () => {
      await bench.subscriptions.create(STREAM, 'g', SETTINGS);
      const consumer = await bench.connect(STREAM, 'g');
      await bench.append('order-1', 'a');
      await bench.untilReceived(consumer, 1);
      bench.refusing.add('$persistentsubscription-order-1::g-parked');
      consumer.connection.nack(idsOf(consumer), 'park', 'no');
      bench.clock.advance(3_000);
      await untilParked(0);

      bench.refusing.clear();
      await bench.until(async () => {
        bench.clock.advance(1_000);
        return (await info()).parkedMessageCount === 1;
      });

      expect((await info()).outstandingMessagesCount).toBe(0);
    });
  });

  it('writes a checkpoint that failed again, and goes on after it', async () => {
    const eager = { ...SETTINGS, minCheckpointCount: 1, maxCheckpointCount: 1 };
    await bench.subscriptions.create(STREAM, 'g', eager);
    const consumer = await bench.connect(STREAM, 'g');
    await bench.append('order-1', 'a', 'b');
    await bench.untilReceived(consumer, 2);
    bench.refusing.add('$persistentsubscription-order-1::g-checkpoint');
    consumer.connection.ack(idsOf(consumer));
    expect((await info()).lastCheckpointed).toBe('');

    bench.refusing.clear();
    await bench.until(async () => {
      bench.clock.advance(1_000);
      return (await info()).lastCheckpointed === '1';
    });
    await bench.append('order-1', 'c');
    await bench.kill();

    const later = await bench.connect(STREAM, 'g');
    await bench.untilReceived(later, 1);
    expect(later.data()).toEqual(['c']);
  });

  it('notes down how far each group came when it is closed in good order', async () => {
    await bench.subscriptions.create('all', 'g', ALL_FROM_START, ORDERS);
    const consumer = await bench.connect('all', 'g');
    await bench.append('order-1', 'a', 'b');
    await bench.untilReceived(consumer, 2);
    consumer.connection.ack([consumer.deliveries[0]?.id ?? '']);

    await bench.restart();

    expect(consumer.drops).toEqual(['unavailable']);
    const later = await bench.connect('all', 'g');
    await bench.untilReceived(later, 1);
    expect(later.data()).toEqual(['b']);
  });

  it('drops the consumers of a stream that is tombstoned, and of nothing else', async () => {
    await bench.append('order-1', 'a');
    await bench.log.delete('order-1', 'any', true);
    await bench.subscriptions.create(STREAM, 'g', SETTINGS);
    await bench.subscriptions.create({ stream: 'order-2' }, 'g', SETTINGS);

    const consumer = await bench.connect(STREAM, 'g');
    const other = await bench.connect({ stream: 'order-2' }, 'g');

    await bench.until(() => consumer.drops.length > 0);
    expect(consumer.drops).toEqual(['dropped']);
    expect(other.drops).toEqual([]);
  });

  it('takes up the last set of groups that it can read', async () => {
    await bench.subscriptions.create(STREAM, 'g', SETTINGS);
    await bench.append('$persistentSubscriptionConfig', 'what is this?');

    await bench.kill();

    expect(await bench.subscriptions.list()).toHaveLength(1);
  });

  it('keeps prefixes that contain a comma', async () => {
    const filter: LogFilter = { on: 'stream', prefixes: ['a,b', 'c'] };
    await bench.subscriptions.create('all', 'g', ALL_FROM_START, filter);
    await bench.kill();
    const consumer = await bench.connect('all', 'g');

    await bench.append('a', 'no');
    await bench.append('a,b', 'yes');

    await bench.untilReceived(consumer, 1);
    expect(consumer.data()).toEqual(['yes']);
  });

  it('creates a group anew although its removal left a checkpoint behind', async () => {
    await bench.append('order-1', 'a', 'b');
    await bench.append('$persistentsubscription-order-1::g-checkpoint', '"0"');

    await bench.subscriptions.create(STREAM, 'g', SETTINGS);

    const consumer = await bench.connect(STREAM, 'g');
    await bench.untilReceived(consumer, 2);
    expect(consumer.data()).toEqual(['a', 'b']);
  });

  it('has no group that could not be stored', async () => {
    bench.refusing.add('$persistentSubscriptionConfig');

    await expect(bench.subscriptions.create(STREAM, 'g', SETTINGS)).rejects.toThrow(EngineError);

    expect(await bench.subscriptions.list()).toEqual([]);
  });

  it('refuses a filter that is no regular expression', async () => {
    const created = bench.subscriptions.create('all', 'g', ALL_FROM_START, {
      on: 'type',
      regex: '(',
    });

    await expect(created).rejects.toMatchObject({
      kind: 'failed',
      eventSource: '$all',
      group: 'g',
    });
  });

  it.each([
    [
      'an unknown strategy',
      { consumerStrategyName: 'Best' },
      'Consumer strategy Best does not exist.',
    ],
    [
      'a start before the beginning',
      { startFrom: -2n },
      'Invalid Start From position: event number must be greater than or equal to -1.',
    ],
    [
      'a position of which one half is the end',
      { startFrom: { commit: 0n, prepare: -1n } },
      'Invalid Start From position: prepare and commit positions must be greater than or equal to 0 or both equal to -1.',
    ],
  ])('refuses %s in the words of EventStoreDB', async (_, changes, reason) => {
    const created = bench.subscriptions.create(STREAM, 'g', { ...SETTINGS, ...changes });

    await expect(created).rejects.toMatchObject({ kind: 'failed', reason });
  });

  it('says that it cannot be restarted once it is closed', async () => {
    await bench.subscriptions.close();

    await expect(bench.subscriptions.restart()).rejects.toMatchObject({
      kind: 'failed',
      eventSource: '',
      group: '',
    });
    await expect(bench.subscriptions.list()).rejects.toThrow(EngineError);
  });

  async function info() {
    return bench.subscriptions.info(STREAM, 'g');
  }

  async function untilParked(count: number): Promise<void> {
    await bench.until(async () => (await info()).parkedMessageCount === count);
  }
});
