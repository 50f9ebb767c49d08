import {
  PARK,
  type PersistentSubscriptionToAllResolvedEvent,
  type RecordedEvent,
} from '@eventstore/db-client';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type FeedInstance, FeedWorld } from '../../test/support/feed-world.js';
import { TENANCY_DEFAULTS } from '../tenancy/index.js';
import { FEED_DEFAULTS } from './feed.options.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

const { groupName } = FEED_DEFAULTS;

describe('a message of the consumer group', () => {
  let world: FeedWorld;
  let instance: FeedInstance;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    world = await FeedWorld.open();
    await world.register();
    instance = world.instance();
  });
  afterEach(async () => {
    await world.close();
  });

  const dispatched = (count: number): Promise<void> =>
    world.until(() => instance.dispatched.length >= count);

  const isAnswered = async (): Promise<boolean> => {
    const { stats } = await world.client.getPersistentSubscriptionToAllInfo(groupName);
    return stats.outstandingMessagesCount === 0 && stats.retryBufferCount === 0;
  };

  async function quarantined(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    try {
      for await (const { event } of world.client.readStream(world.names.feed)) {
        if (event) events.push(event);
      }
    } catch {
      return [];
    }
    return events;
  }

  it('that is new is known not to have been handed out before', async () => {
    await instance.feed.start();
    await world.append();
    await dispatched(1);

    expect(instance.dispatched[0]?.mayBeRedelivered).toBe(false);
  });

  it('that was there before the connection may have been handed out before', async () => {
    await world.append();
    await instance.feed.start();
    await dispatched(1);

    expect(instance.dispatched[0]?.mayBeRedelivered).toBe(true);
  });

  it('whose deliveries cannot be recorded comes again, a little later each time', async () => {
    let failures = 0;
    instance.answer = () =>
      ++failures <= 2 ? Promise.reject(new Error('not now')) : Promise.resolve();
    await instance.feed.start();
    await world.append();
    await dispatched(1);
    await world.pass(1_000);
    await dispatched(2);
    await world.pass(2_000);
    await dispatched(3);

    expect(instance.dispatched.map(({ mayBeRedelivered }) => mayBeRedelivered)).toEqual([
      false,
      true,
      true,
    ]);
    await world.until(isAnswered);
    expect(instance.feed.health.quarantined).toBe(0);
  });

  it('that fails for the fifth time is quarantined, and holds up nothing', async () => {
    instance.answer = ({ event }) =>
      (event.data as { n: number }).n === 1
        ? Promise.reject(new Error('never'))
        : Promise.resolve();
    await instance.feed.start();
    await world.append(2);
    while (instance.feed.health.quarantined === 0) await world.pass(1_000);

    await world.until(isAnswered);
    expect(instance.numbers.filter((number) => number === 1)).toHaveLength(5);
    expect(await quarantined()).toMatchObject([
      {
        type: 'FeedEventQuarantined',
        data: { stream: 'order-1', revision: '0', eventType: 'placed', code: 'Error' },
      },
    ]);
  });

  it('whose tenant cannot be told is quarantined', async () => {
    const resolver = (): never => {
      throw new TypeError('nobody knows');
    };
    instance = world.instance({}, { ...TENANCY_DEFAULTS, resolver });
    await instance.feed.start();
    await world.append();
    while (instance.feed.health.quarantined === 0) await world.pass(1_000);

    expect(instance.dispatched).toHaveLength(0);
    expect(await quarantined()).toMatchObject([{ data: { code: 'TypeError' } }]);
  });

  it('that was parked and is handed out again is the event at its own position', async () => {
    await instance.feed.start();
    await instance.feed.close();
    const position = await world.append();
    await parkNext();
    instance = world.instance();
    await instance.feed.start();

    await world.client.replayParkedMessagesToAll(groupName);
    await dispatched(1);

    const [dispatch] = instance.dispatched;
    expect(dispatch?.event.position?.commit).toBe(position);
    expect(dispatch?.mayBeRedelivered).toBe(true);
    await world.until(isAnswered);
  });

  it('that was parked, and whose event is gone, is answered', async () => {
    await instance.feed.start();
    await instance.feed.close();
    await world.append();
    await parkNext();
    await world.client.tombstoneStream('order-1');
    instance = world.instance();
    await instance.feed.start();

    await world.client.replayParkedMessagesToAll(groupName);
    await world.append(1, 'order-2');
    await dispatched(1);

    await world.until(isAnswered);
    expect(instance.numbers).toEqual([2]);
  });

  /** An operator parks the next message. */
  async function parkNext(): Promise<void> {
    const operator = world.client.subscribeToPersistentSubscriptionToAll(groupName);
    await new Promise<void>((resolve, reject) => {
      operator.on('error', reject);
      operator.on('data', (message: PersistentSubscriptionToAllResolvedEvent) => {
        operator.nack(PARK, 'later', message).then(resolve, reject);
      });
    });
    const isParked = async (): Promise<boolean> => {
      const { stats } = await world.client.getPersistentSubscriptionToAllInfo(groupName);
      return stats.parkedMessageCount > 0n;
    };
    await world.until(isParked);
    await operator.unsubscribe();
  }
});
