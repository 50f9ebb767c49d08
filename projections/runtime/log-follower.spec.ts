import { once } from 'node:events';
import type { AllStreamResolvedEvent } from '@eventstore/db-client';
import { StreamNames } from '../../modules/event-store/index.js';
import {
  scriptedClient,
  type ScriptedSubscription,
  type Told,
} from '../../test/support/scripted-subscription.js';
import { eventsOf } from './log-batch.js';
import { LogFollower, MOST_WAITING_EVENTS } from './log-follower.js';

const names = new StreamNames();

function following(from = -1): { follower: LogFollower; subscription: ScriptedSubscription } {
  const { client, subscriptions } = scriptedClient();
  const follower = new LogFollower(client, names, from);
  const [subscription] = subscriptions;
  if (!subscription) throw new Error('the follower did not subscribe');
  return { follower, subscription };
}

function event(position: number, stream = 'posthorn.delivery-a', isJson = true): Told {
  const place = { commit: BigInt(position), prepare: BigInt(position) };
  const record = {
    streamId: stream,
    id: `id-${position}`,
    revision: 0n,
    type: 'DeliveryScheduled',
    created: new Date(position),
    data: { n: position },
    metadata: undefined,
    isJson,
    position: place,
  };
  return { event: { event: record } as unknown as AllStreamResolvedEvent };
}

function checkpoint(commit: bigint): Told {
  return { checkpoint: { commit, prepare: commit } };
}

describe('the follower of the log', () => {
  it('subscribes to our own streams only, after the position it is given', () => {
    expect(following().subscription.options).toMatchObject({
      fromPosition: 'start',
      filter: { filterOn: 'streamName', prefixes: ['posthorn.'] },
    });
    expect(following(7).subscription.options.fromPosition).toEqual({ commit: 7n, prepare: 7n });
  });

  it('hands over what arrived together, in order and with its data', async () => {
    const { follower, subscription } = following();
    subscription.tell(event(3), event(5, 'posthorn.webhook-w'), event(6, 'posthorn.feed'));
    const batch = await follower.next();
    expect(batch.position).toBe(6);
    expect(eventsOf(batch)).toMatchObject([
      { position: 3, topic: 'delivery', key: 'a', type: 'DeliveryScheduled', data: { n: 3 } },
      { position: 5, topic: 'webhook', key: 'w', createdAt: 5, data: { n: 5 } },
    ]);
  });

  it('gives an event whose data is no JSON as one without data', async () => {
    const { follower, subscription } = following();
    subscription.tell(event(3, 'posthorn.delivery-a', false));
    expect(eventsOf(await follower.next())).toMatchObject([{ position: 3, data: null }]);
  });

  it('counts a checkpoint in behind the events that are still buffered', async () => {
    const { follower, subscription } = following();
    subscription.pause();
    const told = once(subscription, 'caughtUp');
    subscription.tell(event(3), event(5), checkpoint(900n), { caughtUp: true });
    await told;
    expect(subscription.readableLength).toBe(2);
    expect(follower.waitingEvents).toBe(0);
    subscription.resume();
    const batch = await follower.next();
    expect(batch).toMatchObject({ position: 900, isLive: true });
    expect(batch.heads).toHaveLength(2);
  });

  it('does not take a checkpoint while events before it are still buffered', async () => {
    const { follower, subscription } = following();
    subscription.pause();
    const told = once(subscription, 'caughtUp');
    subscription.tell(event(3), checkpoint(900n), { caughtUp: true });
    await told;
    const next = follower.next();
    await follower.stop();
    await expect(next).rejects.toThrow('the follower was stopped');
  });

  it('drops a checkpoint that is no place in the log', async () => {
    const { follower, subscription } = following();
    subscription.tell(checkpoint(2n ** 64n - 1n), event(3));
    expect(await follower.next()).toMatchObject({ position: 3 });
  });

  it('holds the subscription up when more waits than it may, and lets it go on once that is taken', async () => {
    const { follower, subscription } = following();
    const paused = new Promise<void>((resolve) => subscription.once('pause', resolve));
    for (let n = 1; n <= MOST_WAITING_EVENTS + 100; n++) subscription.tell(event(n));
    await paused;
    expect(follower.waitingEvents).toBe(MOST_WAITING_EVENTS);
    expect((await follower.next()).heads).toHaveLength(MOST_WAITING_EVENTS);
    expect(subscription.isPaused()).toBe(false);
    expect((await follower.next()).position).toBeGreaterThan(MOST_WAITING_EVENTS);
  });

  it('hands over what came before the subscription ended, and then says why it did', async () => {
    const { follower, subscription } = following();
    const arrived = once(subscription, 'data');
    subscription.tell(event(3));
    await arrived;
    const closed = new Promise<void>((resolve) => subscription.once('close', resolve));
    subscription.destroy(new Error('the connection is gone'));
    await closed;
    expect((await follower.next()).position).toBe(3);
    await expect(follower.next()).rejects.toThrow('the connection is gone');
  });

  it('ends at a position that it cannot hold', async () => {
    const { follower, subscription } = following();
    subscription.tell(checkpoint(2n ** 60n));
    await expect(follower.next()).rejects.toMatchObject({
      code: 'PSH_PROJECTION_POSITION_TOO_LARGE',
    });
  });
});
