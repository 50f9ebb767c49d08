import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, ManualClock } from '../kernel/index.js';
import { newEvents } from './certain-append.js';
import type { EventStoreClient } from './event-store-client.js';
import {
  type HeldLease,
  LeasedCheckpoint,
  type LeasedCheckpointOptions,
} from './leased-checkpoint.js';
import { type EmbeddedEventStore, openEmbeddedEventStore } from './open-embedded-event-store.js';

interface Place {
  readonly [key: string]: string;
  readonly position: string;
}

const LEASE_MS = 15_000;

describe('a leased checkpoint', () => {
  let dataDir: string;
  let store: EmbeddedEventStore;
  let clock: ManualClock;
  let streams = 0;
  let stream: string;
  const ending = new AbortController();

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lease-'));
    store = await openEmbeddedEventStore({ dataDir });
  });
  afterAll(async () => {
    ending.abort();
    await store.close();
    await rm(dataDir, { recursive: true });
  });
  beforeEach(() => {
    clock = new ManualClock();
    stream = `lease-${++streams}`;
  });

  const instance = (
    owner: string,
    isExclusive = false,
    others: Partial<LeasedCheckpointOptions> = {},
  ): LeasedCheckpoint<Place> =>
    new LeasedCheckpoint({ client: store.client, clock, stream, owner, isExclusive, ...others });

  /** The client, whose appends wait at a gate that the test holds. */
  function gated() {
    let isOpen = true;
    let waiting: (() => void)[] = [];
    const client: LeasedCheckpointOptions['client'] = {
      readStream: store.client.readStream.bind(store.client),
      setStreamMetadata: store.client.setStreamMetadata.bind(store.client),
      appendToStream: async (...args: Parameters<EventStoreClient['appendToStream']>) => {
        if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
        return store.client.appendToStream(...args);
      },
    };
    return {
      client,
      close: () => (isOpen = false),
      open: () => {
        isOpen = true;
        for (const go of waiting) go();
        waiting = [];
      },
    };
  }

  async function recorded(): Promise<string[]> {
    const types: string[] = [];
    for await (const { event } of store.client.readStream(stream)) types.push(event?.type ?? '');
    return types;
  }

  /** Lets what is under way reach the store and come back: appends are answered in their order. */
  async function turns(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await store.client.appendToStream('turns', newEvents([{ type: 'Turned', data: {} }]));
      await instance('onlooker').read();
      await new Promise(setImmediate);
    }
  }

  /** Moves time on in steps in which everybody who watches looks again. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += LEASE_MS / 10) {
      await turns();
      clock.advance(LEASE_MS / 10);
    }
    await turns();
  }

  async function held(by: LeasedCheckpoint<Place>): Promise<HeldLease<Place>> {
    const lease = await by.acquire(ending.signal);
    if (!lease) throw new Error('not acquired');
    return lease;
  }

  /** A lease that is waited for, and whether it was given. */
  function waiting(by: LeasedCheckpoint<Place>) {
    const state: { lease?: HeldLease<Place> | undefined } = {};
    void by.acquire(ending.signal).then((lease) => (state.lease = lease));
    return state;
  }

  it('is free at first, and has no checkpoint', async () => {
    const lease = await held(instance('one'));

    expect(lease.checkpoint).toBeNull();
    expect(await instance('two').read()).toBeNull();
    await lease.release();
  });

  it('hands the checkpoint to whoever takes it after a release', async () => {
    const lease = await held(instance('one'));
    expect(await lease.advance({ position: '7' })).toBe(true);
    await lease.release();

    const next = await held(instance('two'));

    expect(next.checkpoint).toEqual({ position: '7' });
    await next.release();
  });

  it('is held for as long as it is renewed', async () => {
    const lease = await held(instance('one'));
    const other = waiting(instance('two'));

    await pass(4 * LEASE_MS);

    expect(other.lease).toBeUndefined();
    expect(lease.lost.aborted).toBe(false);
    await lease.release();
    await pass(LEASE_MS);
    expect(other.lease?.checkpoint).toBeNull();
    await other.lease?.release();
  });

  it('is taken over when its owner is gone for the time of the lease', async () => {
    await store.client.appendToStream(stream, {
      id: '4d6b1b4e-8a0e-4c59-b23c-8a3f1f1f5c11',
      contentType: 'application/json',
      type: 'LeaseTaken',
      data: { v: 1, owner: 'gone', leaseMs: LEASE_MS, checkpoint: { position: '3' } },
      metadata: undefined,
    });
    const other = waiting(instance('two'));

    await pass(0.8 * LEASE_MS);
    expect(other.lease).toBeUndefined();
    await pass(LEASE_MS);

    expect(other.lease?.checkpoint).toEqual({ position: '3' });
    await other.lease?.release();
  });

  it('fences an owner that was deposed without noticing', async () => {
    const deposed = await held(instance('one'));
    const usurper = await held(instance('two', true)); // takes it at once, as after a lapse

    expect(await deposed.advance({ position: '9' })).toBe(false);
    expect(deposed.lost.aborted).toBe(true);
    expect(await usurper.advance({ position: '4' })).toBe(true);
    expect(await instance('three').read()).toEqual({ position: '4' });
    await usurper.release();
  });

  it('is taken at once on a store that nobody else appends to', async () => {
    await held(instance('earlier life'));

    const lease = await held(instance('this life', true));

    expect(lease.checkpoint).toBeNull();
    await lease.release();
  });

  it('gives up waiting when it is told to', async () => {
    const lease = await held(instance('one'));
    const giveUp = new AbortController();
    const waited = instance('two').acquire(giveUp.signal);
    await turns();

    giveUp.abort();

    expect(await waited).toBeUndefined();
    await lease.release();
  });

  it('keeps its stream short', async () => {
    const lease = await held(instance('one'));
    for (let number = 0; number < 25; number++) await lease.advance({ position: String(number) });
    await lease.release();

    const events = [];
    for await (const { event } of store.client.readStream(stream)) events.push(event);

    expect(events.length).toBeLessThanOrEqual(10);
  });

  it('is not renewed on a store that nobody else appends to, and never lapses there', async () => {
    const lease = await held(instance('one', true));

    await pass(4 * LEASE_MS);

    expect(lease.isHeld()).toBe(true);
    expect(await lease.advance({ position: '1' })).toBe(true);
    expect(await recorded()).toEqual(['LeaseTaken', 'CheckpointAdvanced']);
    await lease.release();
  });

  it('never takes back a checkpoint when it is renewed or released while that is being recorded', async () => {
    const gate = gated();
    const lease = await held(instance('one', false, { client: gate.client }));
    await lease.advance({ position: '1' });
    gate.close();

    const advanced = lease.advance({ position: '2' });
    clock.advance(0.5 * LEASE_MS);
    const released = lease.release();
    gate.open();
    await Promise.all([advanced, released]);

    expect(await instance('two').read()).toEqual({ position: '2' });
  });

  it('records nothing after its release', async () => {
    const gate = gated();
    const lease = await held(instance('one', false, { client: gate.client }));
    clock.advance(0.3 * LEASE_MS);
    gate.close();

    const released = lease.release({ position: '5' });
    clock.advance(LEASE_MS / 5); // a renewal would be due
    expect(await lease.advance({ position: '6' })).toBe(false);
    gate.open();
    await released;
    await pass(LEASE_MS);

    expect(await recorded()).toEqual(['LeaseTaken', 'LeaseReleased']);
    expect(await instance('two').look()).toMatchObject({
      holder: null,
      checkpoint: { position: '5' },
    });
  });

  it('is released within a third of the lease, or left to lapse', async () => {
    const gate = gated();
    const lease = await held(instance('one', true, { client: gate.client }));
    gate.close();
    const released = lease.release();
    await turns();

    clock.advance(LEASE_MS / 3);
    expect(lease.lost.aborted).toBe(true);
    gate.open();
    await released;
  });

  it('is not held any more when the process was suspended, even before a timer fired', async () => {
    let suspendedMs = 0;
    const suspended: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + suspendedMs,
      setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
    };
    const lease = await held(instance('one', false, { clock: suspended }));
    expect(lease.isHeld()).toBe(true);

    suspendedMs = LEASE_MS;

    expect(lease.isHeld()).toBe(false);
    expect(lease.lost.aborted).toBe(true);
    expect(await lease.advance({ position: '1' })).toBe(false);
  });

  it('gives up waiting also while it asks the event store', async () => {
    const lease = await held(instance('one'));
    const giveUp = new AbortController();
    const waited = instance('two').acquire(giveUp.signal);

    giveUp.abort(); // the first look is under way: nothing will end a pause that begins later

    expect(await waited).toBeUndefined();
    await lease.release();
  });

  it('gives back what it took while the wait for it was given up', async () => {
    const gate = gated();
    const giveUp = new AbortController();
    gate.close();
    const waited = instance('one', false, { client: gate.client }).acquire(giveUp.signal);
    await turns();

    giveUp.abort();
    gate.open();

    expect(await waited).toBeUndefined();
    expect(await instance('two').look()).toMatchObject({ holder: null });
  });

  it('shows who holds it, to whom looks again and again also that it lapsed', async () => {
    const lease = await held(instance('one'));
    const onlooker = instance('two');
    expect(await onlooker.look()).toMatchObject({ holder: 'one' });
    expect(await onlooker.take(await onlooker.look(), ending.signal)).toBeUndefined();

    await lease.release();
    expect(await onlooker.look()).toMatchObject({ holder: null });
    await held(instance('gone', true));
    await onlooker.look();
    clock.advance(LEASE_MS);

    expect(await onlooker.look()).toMatchObject({ holder: null });
  });

  it('is taken by one of several that see it free', async () => {
    const [one, two] = [instance('one'), instance('two')];
    const views = [await one.look(), await two.look()] as const;

    const taken = [
      await one.take(views[0], ending.signal),
      await two.take(views[1], ending.signal),
    ];

    expect(taken.map(Boolean)).toEqual([true, false]);
    await taken[0]?.release();
  });

  it('goes on after its stream was deleted', async () => {
    const lease = await held(instance('one'));
    await lease.release();
    await store.client.deleteStream(stream);

    const next = waiting(instance('two'));
    await pass(LEASE_MS);

    expect(await next.lease?.advance({ position: '1' })).toBe(true);
    expect(await instance('three').read()).toEqual({ position: '1' });
    await next.lease?.release();
  });
});
