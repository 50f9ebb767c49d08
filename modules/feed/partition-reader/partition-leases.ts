import { ErrorType } from '@eventstore/db-client';
import {
  type EventStore,
  type HeldLease,
  isClientError,
  LeasedCheckpoint,
  newEvents,
  type StreamNames,
} from '../../event-store/index.js';
import type { Clock } from '../../kernel/index.js';
import { fairShare } from './fair-share.js';
import type { PartitionCheckpoint } from './owned-partition.js';
import type { PartitionsWantedEvent } from './partitions.events.js';

export interface PartitionLeasesOptions {
  readonly store: Pick<EventStore, 'client' | 'capabilities'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  /** This instance: different from every other and from its own earlier lives. */
  readonly instance: string;
  readonly partitions: number;
  readonly leaseMs: number;
}

type PartitionLease = LeasedCheckpoint<PartitionCheckpoint>;
export type PartitionLeaseView = Awaited<ReturnType<PartitionLease['look']>>;

/** The partitions that this instance does not hold, and what it may hold in all. */
export interface SeenPartitions {
  readonly views: ReadonlyMap<number, PartitionLeaseView>;
  /** Partitions that this instance should hold. */
  readonly share: number;
}

/** Of the wishes for partitions these are kept, and looked at. */
const KEPT_WISHES = 50;

/**
 * Who holds which partition, and who waits for one: what the instances know of each other. Each of them works out its own
 * fair share from it; nobody coordinates them.
 *
 * An instance is known by the leases it holds. One that holds none tells that it wants some, again and again until it got
 * one. Both count for the time of a lease, by the clock of whoever sees them.
 */
export class PartitionLeases {
  readonly #options: PartitionLeasesOptions;
  readonly #leases: readonly PartitionLease[];
  /** When each instance was last seen to wish for partitions. */
  readonly #wishes = new Map<string, number>();
  /** Wishes up to here were seen; `undefined` before the first look, at which they may be of long ago. */
  #seenWishes: bigint | undefined;
  #hasWishes = true;
  #wishedAt = -Infinity;

  constructor(options: PartitionLeasesOptions) {
    this.#options = options;
    const { clock, instance, leaseMs, names, partitions, store } = options;
    const { client } = store;
    const { isExclusive } = store.capabilities;
    this.#leases = Array.from({ length: partitions }, (_, number) => {
      const stream = names.partition(number);
      return new LeasedCheckpoint({ client, clock, stream, owner: instance, isExclusive, leaseMs });
    });
  }

  /**
   * Looks at all partitions but those that are `held` by this instance.
   *
   * @throws what the client throws
   */
  async look(held: ReadonlySet<number>): Promise<SeenPartitions> {
    const { instance, partitions } = this.#options;
    const looked = this.#leases.map(async (lease, number) => {
      return held.has(number) ? undefined : ([number, await lease.look()] as const);
    });
    const views = new Map((await Promise.all(looked)).filter((view) => view !== undefined));
    const others = new Set(await this.#waiting());
    for (const { holder } of views.values()) {
      if (holder !== null) others.add(holder);
    }
    return { views, share: fairShare(instance, others, partitions) };
  }

  /**
   * Takes a partition as it was seen.
   *
   * @returns `undefined` when another instance holds it or was faster
   * @throws what the client throws
   */
  async take(
    number: number,
    view: PartitionLeaseView,
    signal: AbortSignal,
  ): Promise<HeldLease<PartitionCheckpoint> | undefined> {
    return this.#leases[number]?.take(view, signal);
  }

  /** Tells the others that this instance is there and holds nothing; not too often. @throws what the client throws */
  async want(): Promise<void> {
    const { clock, instance, leaseMs, names, store } = this.#options;
    if (clock.monotonic() - this.#wishedAt < leaseMs / 3) return;
    this.#wishedAt = clock.monotonic();
    if (!this.#hasWishes) {
      await store.client.setStreamMetadata(names.partitionsWanted, { maxCount: KEPT_WISHES });
    }
    const wanted: PartitionsWantedEvent = { type: 'PartitionsWanted', data: { v: 1, instance } };
    await store.client.appendToStream(names.partitionsWanted, newEvents([wanted]));
  }

  /** The instances that wished for partitions within the time of a lease. */
  async #waiting(): Promise<string[]> {
    const { clock, instance, leaseMs, store } = this.#options;
    if (store.capabilities.isExclusive) return [];
    await this.#seeWishes();
    const now = clock.monotonic();
    for (const [other, seenAt] of this.#wishes) {
      if (now - seenAt >= leaseMs) this.#wishes.delete(other);
    }
    return [...this.#wishes.keys()].filter((other) => other !== instance);
  }

  async #seeWishes(): Promise<void> {
    const { clock, names, store } = this.#options;
    const seenBefore = this.#seenWishes;
    let newest = seenBefore ?? -1n;
    const newestFirst = {
      direction: 'backwards',
      fromRevision: 'end',
      maxCount: KEPT_WISHES,
    } as const;
    try {
      for await (const { event } of store.client.readStream(names.partitionsWanted, newestFirst)) {
        if (!event) continue;
        if (event.revision > newest) newest = event.revision;
        if (seenBefore === undefined || event.revision <= seenBefore) continue;
        const { data } = event as unknown as PartitionsWantedEvent;
        this.#wishes.set(data.instance, clock.monotonic());
      }
      this.#hasWishes = true;
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
      this.#hasWishes = false;
    }
    this.#seenWishes = newest;
  }
}
