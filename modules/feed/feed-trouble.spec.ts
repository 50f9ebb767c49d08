import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  UnavailableError,
} from '@eventstore/db-client';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type FeedInstance, FeedWorld } from '../../test/support/feed-world.js';
import { pauseAfter, SubscriptionEnded, troubleKindOf } from './feed-trouble.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

/** gRPC's own error, which the official client lets through in places. */
function grpcError(code: number): Error {
  return Object.assign(new Error('gRPC'), { code });
}

describe('the kind of a trouble', () => {
  it.each<[string, unknown, string]>([
    ['an unreachable event store', new UnavailableError(), 'unavailable'],
    ['a call that was cancelled', new CancelledError(), 'unavailable'],
    ['a call that took too long', new DeadlineExceededError(), 'deadline'],
    ['a refusal', new AccessDeniedError(), 'access-denied'],
    ["gRPC's own error of an unreachable server", grpcError(14), 'unavailable'],
    ["gRPC's own error of a deadline", grpcError(4), 'deadline'],
    ["gRPC's own error of bad credentials", grpcError(16), 'access-denied'],
    ['a subscription that closed', new SubscriptionEnded('ended', 'closed'), 'ended'],
    ['whatever else', new TypeError('oh'), 'unexpected'],
    ['what is no error', 'oh', 'unexpected'],
  ])('of %s', (_case, error, kind) => {
    expect(troubleKindOf(error)).toBe(kind);
  });

  it('decides when it is tried again: soon, then ever later, where it may pass by itself', () => {
    const pauses = [0, 1, 2, 3, 10].map((failures) => pauseAfter('unavailable', failures));
    expect(pauses).toEqual([100, 200, 400, 800, 10_000]);
    expect(pauseAfter('access-denied', 0)).toBe(30_000);
  });
});

describe('a feed in trouble', () => {
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

  const kind = (): string | undefined => instance.feed.health.trouble?.kind;
  const isSubscribed = (): boolean => instance.feed.health.state === 'subscribed';
  const received = (number: number) =>
    world.until(() => instance.numbers.includes(number)).then(() => true);

  it('says since when, how often it tried, and when it tries next', async () => {
    world.store.refuse(new UnavailableError(undefined, 'nobody there'));
    const began = world.clock.now();
    void instance.feed.start();
    await world.until(() => kind() !== undefined);
    await world.pass(1_000);

    const { trouble } = instance.feed.health;
    expect(trouble).toMatchObject({ kind: 'unavailable', since: began });
    expect(trouble?.message).toContain('nobody there');
    expect(trouble?.tries).toBeGreaterThan(1);
    expect(trouble?.nextTryAt).toBeGreaterThan(began);
  });

  it.each([
    ['unavailable', new UnavailableError()],
    ['deadline', new DeadlineExceededError()],
    ['access-denied', new AccessDeniedError()],
    ['unexpected', new Error('oh')],
  ])('that is %s observes again once that has passed', async (name, error) => {
    world.store.refuse(error);
    void instance.feed.start();
    await world.until(() => kind() === name);
    await world.append(1);

    world.store.heal();
    await world.pass(31_000);

    expect(await received(1)).toBe(true);
    expect(kind()).toBeUndefined();
  });

  it('because the group has as many consumers as it may takes a place when one is free', async () => {
    const first = world.instance();
    await first.feed.start();
    const { client } = world;
    const { settings } = await client.getPersistentSubscriptionToAllInfo('posthorn');
    await client.updatePersistentSubscriptionToAll('posthorn', {
      ...settings,
      maxSubscriberCount: 1,
    });
    await world.pass(1_000);
    await world.until(() => first.feed.health.state === 'subscribed');
    void instance.feed.start();
    await world.until(() => kind() === 'group-full');

    await first.feed.close();
    await world.pass(11_000);

    await world.until(isSubscribed);
    expect(kind()).toBeUndefined();
  });

  it('that lost its connection is still ready for a while, and then no longer', async () => {
    await instance.feed.start();
    world.store.refuse(new UnavailableError());
    world.store.disconnect();
    await world.until(() => kind() === 'unavailable');
    expect(instance.feed.health).toMatchObject({ state: 'connecting', isObserving: true });

    await world.pass(16_000);
    expect(instance.feed.health.isObserving).toBe(false);

    world.store.heal();
    await world.pass(11_000);
    await world.until(isSubscribed);
    expect(instance.feed.health.isObserving).toBe(true);
  });

  it('is not ready before it observed for the first time', async () => {
    world.store.refuse(new UnavailableError());
    void instance.feed.start();
    await world.until(() => kind() === 'unavailable');

    expect(instance.feed.health.isObserving).toBe(false);
  });

  it('loses nothing that comes while it is not connected', async () => {
    await instance.feed.start();
    world.store.refuse(new UnavailableError());
    world.store.disconnect();
    await world.until(() => kind() === 'unavailable');
    await world.append(3);

    world.store.heal();
    await world.pass(11_000);

    await received(3);
    expect(new Set(instance.numbers)).toEqual(new Set([1, 2, 3]));
  });

  it('whose subscription is never confirmed subscribes again', async () => {
    world.store.withholdConfirmations();
    void instance.feed.start();
    await world.pass(14_000);
    expect(kind()).toBeUndefined();
    await world.pass(2_000);
    expect(kind()).toBe('unconfirmed');

    world.store.heal();
    await world.pass(16_000);
    await world.until(isSubscribed);
    await world.append(1);
    expect(await received(1)).toBe(true);
  });

  it('subscribes again when nothing arrives for half a minute although there are events', async () => {
    await instance.feed.start();
    await world.append(1);
    await received(1);
    world.store.silence();
    await world.append(1);

    await world.pass(29_000);
    expect(instance.numbers).toEqual([1]);
    await world.pass(25_000);

    expect(await received(2)).toBe(true);
  });

  it('leaves a silent connection alone while there is nothing that could arrive', async () => {
    await instance.feed.start();
    await world.append(1);
    await received(1);
    let subscriptions = 0;
    world.store.onSubscribe = () => (subscriptions += 1);

    await world.pass(300_000);

    expect(subscriptions).toBe(0);
    expect(isSubscribed()).toBe(true);
  });

  it('leaves its connection alone while another instance is given everything', async () => {
    const other = world.instance();
    await instance.feed.start();
    await other.feed.start();
    let subscriptions = 0;
    world.store.onSubscribe = () => (subscriptions += 1);

    for (let minute = 0; minute < 3; minute++) {
      await world.append(2); // one each
      await world.pass(60_000);
    }

    expect(subscriptions).toBe(0);
    expect(instance.numbers.length + other.numbers.length).toBe(6);
  });

  it('does not wait for a refusal to pass when it is closed', async () => {
    instance.answer = () => Promise.reject(new Error('not now'));
    await instance.feed.start();
    await world.append(1);
    await world.until(() => instance.dispatched.length === 1);

    await instance.feed.close();

    expect(instance.feed.health.state).toBe('stopped');
  });
});
