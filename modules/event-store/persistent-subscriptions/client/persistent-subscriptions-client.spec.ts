import { jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ErrorType,
  eventTypeFilter,
  InvalidArgumentError,
  jsonEvent,
  PersistentSubscriptionExistsError,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
  UnavailableError,
  UnknownError,
} from '@eventstore/db-client';
import { ManualClock } from '../../../kernel/index.js';
import {
  type EmbeddedEventStore,
  openEmbeddedEventStore,
} from '../../open-embedded-event-store.js';

const FROM_START = streamSettings({ startFrom: START });

jest.setTimeout(30_000); // on a busy machine

describe('PersistentSubscriptionsClient', () => {
  let dataDir: string;
  let store: EmbeddedEventStore;
  let clock: ManualClock;
  beforeEach(async () => {
    clock = new ManualClock();
    dataDir = mkdtempSync(join(tmpdir(), 'groups-'));
    store = await openEmbeddedEventStore({ dataDir, clock });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true });
  });

  const append = (stream: string, count = 1) =>
    store.client.appendToStream(
      stream,
      Array.from({ length: count }, (_, n) => jsonEvent({ type: 'thing', data: { n } })),
    );

  it('throws errors like those of a server, with names beyond ASCII', async () => {
    const [stream, group] = ['straße-Ω', 'grüppe'];
    await store.client.createPersistentSubscriptionToStream(stream, group, FROM_START);

    const again = store.client.createPersistentSubscriptionToStream(stream, group, FROM_START);

    await expect(again).rejects.toThrow(PersistentSubscriptionExistsError);
    const error = (await again.catch(
      (cause: unknown) => cause,
    )) as PersistentSubscriptionExistsError;
    expect(error).toMatchObject({
      type: ErrorType.PERSISTENT_SUBSCRIPTION_EXISTS,
      code: 6,
      streamName: stream,
      groupName: group,
    });
    expect(error._raw?.metadata.get('exception')).toEqual(['persistent-subscription-exists']);
  });

  it.each([
    ['a fraction', { maxRetryCount: 1.5 }],
    ['more than 32 bits', { messageTimeout: 2 ** 40 }],
    ['a text', { resolveLinkTos: 'yes' as unknown as boolean }],
    ['a number as the start', { startFrom: 3 as unknown as bigint }],
  ])('refuses settings with %s, and stores nothing', async (_, changes) => {
    const settings = streamSettings(changes);

    await expect(
      store.client.createPersistentSubscriptionToStream('s', 'g', settings),
    ).rejects.toThrow(InvalidArgumentError);

    expect(await store.client.listAllPersistentSubscriptions()).toEqual([]);
  });

  it('refuses a filter with an empty window', async () => {
    const filter = eventTypeFilter({ prefixes: ['a'], maxSearchWindow: 0 });

    await expect(
      store.client.createPersistentSubscriptionToAll('g', allSettings(), { filter }),
    ).rejects.toThrow('MaxSearchWindow must be greater than 0.');
  });

  it('refuses a buffer without room', async () => {
    await store.client.createPersistentSubscriptionToStream('s', 'g', FROM_START);

    const subscription = store.client.subscribeToPersistentSubscriptionToStream('s', 'g', {
      bufferSize: 0,
    });

    const [error] = (await once(subscription, 'error')) as [unknown];
    expect(error).toBeInstanceOf(UnknownError);
  });

  it('hands an event to its listener before the append resolves', async () => {
    await store.client.createPersistentSubscriptionToStream('s', 'g', FROM_START);
    const subscription = store.client.subscribeToPersistentSubscriptionToStream('s', 'g');
    await once(subscription, 'confirmation');
    const order: string[] = [];
    subscription.on('data', () => order.push('received'));
    await append('s').then(() => order.push('appended first'));
    order.length = 0;

    await append('s').then(() => order.push('appended'));

    expect(order).toEqual(['received', 'appended']);
    await subscription.unsubscribe();
  });

  it('ends a subscription whose listener throws, and nothing else', async () => {
    await store.client.createPersistentSubscriptionToStream('s', 'g', FROM_START);
    const failing = store.client.subscribeToPersistentSubscriptionToStream('s', 'g');
    await once(failing, 'confirmation');
    failing.on('data', () => {
      throw new Error('a defect of the application');
    });
    const failed = once(failing, 'error');
    await append('s', 2);
    await append('s', 2);

    expect(await failed).toEqual([new Error('a defect of the application')]);

    const next = store.client.subscribeToPersistentSubscriptionToStream('s', 'g');
    const [message] = (await once(next, 'data')) as [{ retryCount: number }];
    expect(message.retryCount).toBe(1);
    await next.unsubscribe();
  });

  it('gives back what a destroyed subscription held', async () => {
    await append('s', 3);
    await store.client.createPersistentSubscriptionToStream('s', 'g', FROM_START);
    const first = store.client.subscribeToPersistentSubscriptionToStream('s', 'g');
    await once(first, 'data');

    first.destroy();

    const { stats, connections } = await store.client.getPersistentSubscriptionToStreamInfo(
      's',
      'g',
    );
    expect(connections).toEqual([]);
    expect(stats.outstandingMessagesCount).toBe(0);
  });

  it('holds no more unread messages than the buffer, whatever times out meanwhile', async () => {
    await append('s', 20);
    const settings = { ...FROM_START, messageTimeout: 0, maxRetryCount: 1_000 };
    await store.client.createPersistentSubscriptionToStream('s', 'g', settings);
    const subscription = store.client.subscribeToPersistentSubscriptionToStream('s', 'g', {
      bufferSize: 4,
    });
    await once(subscription, 'confirmation');
    while (subscription.readableLength < 4) await new Promise((resolve) => setImmediate(resolve));

    for (let round = 0; round < 3; round++) {
      clock.advance(1_000);
      expect(subscription.readableLength).toBe(4);
    }
    const { stats } = await store.client.getPersistentSubscriptionToStreamInfo('s', 'g');
    expect(stats.retryBufferCount).toBe(4);
    await subscription.unsubscribe();
  });

  it('tells a consumer when the store closes', async () => {
    await store.client.createPersistentSubscriptionToStream('s', 'g', FROM_START);
    const subscription = store.client.subscribeToPersistentSubscriptionToStream('s', 'g');
    await once(subscription, 'confirmation');

    const failed = once(subscription, 'error');
    await store.close();

    const [error] = (await failed) as [unknown];
    expect(error).toBeInstanceOf(UnavailableError);
  });
});
