import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import {
  type EventStore,
  type EventStoreClient,
  openEmbeddedEventStore,
  StreamNames,
} from '../../modules/event-store/index.js';
import { FEED_DEFAULTS, type FeedOptions, Membership } from '../../modules/feed/index.js';
import type { DispatchObserved } from '../../modules/feed/index.js';
import { Feed } from '../../modules/feed/feed.js';
import { observedPosition } from '../../modules/feed/observed-position.js';
import { ManualClock } from '../../modules/kernel/index.js';
import type { Webhook, WebhookDirectory } from '../../modules/registry/index.js';
import { TENANCY_DEFAULTS, type TenancyOptions } from '../../modules/tenancy/index.js';
import { FaultyStore } from './faulty-store.js';
import { SeededRandom } from './seeded-random.js';

type Dispatched = Parameters<DispatchObserved>[0];

/** A registry with one webhook that wants everything; nothing else of it is ever asked by a feed. */
const EVERYTHING: Pick<WebhookDirectory, 'barrier' | 'match'> = {
  barrier: () => Promise.resolve(),
  match: () => [{ id: 'everything' } as Webhook],
};

/** One instance of the feed, on a time of its own. */
export class FeedInstance {
  readonly feed: Feed;
  /** What it dispatched, in order. */
  readonly dispatched: Dispatched[] = [];
  /** What becomes of a dispatch. Default: it succeeds. */
  answer: (dispatch: Dispatched) => Promise<void> = () => Promise.resolve();

  constructor(
    store: EventStore,
    readonly clock: ManualClock,
    options: FeedOptions,
    tenancy: TenancyOptions,
  ) {
    const names = new StreamNames();
    const membership = new Membership(EVERYTHING as WebhookDirectory, names, tenancy);
    this.feed = new Feed(
      store,
      names,
      clock,
      options,
      membership,
      (dispatch) => {
        this.dispatched.push(dispatch);
        return this.answer(dispatch);
      },
      observedPosition(store, options),
    );
  }

  /** Numbers of the events that were dispatched, in order. */
  get numbers(): number[] {
    return this.dispatched.map(({ event }) => (event.data as { n: number }).n);
  }
}

/** An embedded event store whose groups can fail, and feeds on it. */
export class FeedWorld {
  readonly names = new StreamNames();
  readonly clock = new ManualClock();
  readonly store: FaultyStore;
  readonly #inner: EventStore;
  readonly #dataDir: string;
  readonly #instances = new Set<FeedInstance>();
  #appended = 0;

  private constructor(inner: EventStore, dataDir: string) {
    this.#inner = inner;
    this.#dataDir = dataDir;
    this.store = new FaultyStore({ store: inner, random: new SeededRandom(1) });
  }

  static async open(): Promise<FeedWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'posthorn-feed-'));
    return new FeedWorld(await openEmbeddedEventStore({ dataDir }), dataDir);
  }

  get client(): EventStoreClient {
    return this.#inner.client;
  }

  /** An instance that was not started yet. */
  instance(options: Partial<FeedOptions> = {}, tenancy: TenancyOptions = TENANCY_DEFAULTS) {
    const instance = new FeedInstance(
      this.store,
      this.clock,
      { ...FEED_DEFAULTS, ...options },
      tenancy,
    );
    this.#instances.add(instance);
    return instance;
  }

  /** Appends events of the application, numbered. @returns the position of the last */
  async append(count = 1, stream = 'order-1'): Promise<bigint> {
    let position = -1n;
    for (let appended = 0; appended < count; appended++) {
      const event = jsonEvent({ type: 'placed', data: { n: ++this.#appended } });
      const result = await this.client.appendToStream(stream, event);
      position = result.position?.commit ?? position;
    }
    return position;
  }

  /** Records something of the registry, which is where observing begins. */
  async register(): Promise<bigint> {
    const pointer = jsonEvent({ type: 'WebhookRegistryAdvanced', data: { v: 1 } });
    const { position } = await this.client.appendToStream(this.names.registry, pointer);
    return position?.commit ?? -1n;
  }

  /** How many events a stream shows. */
  async countOf(stream: string): Promise<number> {
    let count = 0;
    try {
      for await (const { event } of this.client.readStream(stream)) if (event) count += 1;
    } catch {
      return 0;
    }
    return count;
  }

  /** Resolves when `isSo` holds; time stands still. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise(setImmediate);
  }

  /** Lets what is under way reach the store and come back: reads in one turn each, appends behind one of ours. */
  async turns(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) {
      await this.countOf(this.names.bookmarks);
      await this.client.appendToStream(
        `${this.names.prefix}turns`,
        jsonEvent({ type: 'turn', data: {} }),
      );
      await new Promise(setImmediate);
    }
  }

  /** Lets time pass, in steps in which everybody who waits for an answer gets it. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await this.turns();
      this.clock.advance(Math.min(1_000, ms - passed));
    }
    await this.turns();
  }

  async close(): Promise<void> {
    for (const { feed } of this.#instances) await feed.close();
    await this.#inner.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
