import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { EventStore, HeldLease, StreamNames } from '../../event-store/index.js';
import { type CancelTimer, type Clock, isPosthornError } from '../../kernel/index.js';
import type { HandleInOrder } from './handle-in-order.port.js';
import { LogReading } from './log-reading.js';
import { OwnedPartition, type PartitionCheckpoint } from './owned-partition.js';
import { PartitionLeases, type SeenPartitions } from './partition-leases.js';
import { settlePlan } from './partition-plan.js';
import type { PartitionHealth, PartitionReaderHealth } from './partition-reader.health.js';
import { type PartitionReaderLimits, toLimits } from './partition-reader.options.js';

export interface PartitionReaderOptions {
  readonly store: Pick<EventStore, 'client' | 'capabilities'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly handle: HandleInOrder;
  /**
   * Where consumption begins: events above this position, which is that of a record, or -1 for the beginning of the log.
   * Asked once in the life of the event store, and recorded.
   */
  readonly startAfter: () => Promise<bigint>;
  /** This instance: different from every other and from its own earlier lives. Default: drawn. */
  readonly instance?: string;
  readonly limits?: Partial<PartitionReaderLimits>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Consumes the events of the application in the order of their streams, together with the other instances.
 *
 * The streams are divided into a fixed number of partitions. Each partition is owned by one instance at a time, under a
 * lease; the instances share them out among themselves, and take over those of one that is gone.
 *
 * Guarantees: the events of one source stream are handled in their order and without a gap, each of them at least once;
 * while no instance crashes or loses a lease, and what was begun ends within `handOverMs` when a partition is given away,
 * exactly once. An instance that was deposed records nothing more, and begins to handle nothing more as soon as it can know.
 */
export class PartitionReader {
  readonly #logger = new Logger('PartitionReader');
  readonly #options: PartitionReaderOptions;
  readonly #limits: PartitionReaderLimits;
  readonly #instance: string;
  readonly #leases: PartitionLeases;
  readonly #owned = new Map<number, OwnedPartition>();
  /** Given away or lost, until their last handler has ended: not to be taken again before. */
  readonly #leaving = new Set<number>();
  readonly #handingOver = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  #state: PartitionReaderHealth['state'] = 'stopped';
  #startAfter = -1n;
  #reading: LogReading | undefined;
  #seen: SeenPartitions['views'] = new Map();
  #working: Promise<void> = Promise.resolve();
  #failures = 0;
  #lastError: string | null = null;
  #cancelTimer: CancelTimer = () => undefined;

  /** @throws PosthornError `PSH_FEED_INVALID_OPTIONS` */
  constructor(options: PartitionReaderOptions) {
    this.#options = options;
    this.#limits = toLimits(options.limits ?? {});
    this.#instance = options.instance ?? randomUUID();
    const { clock, names, store } = options;
    const { leaseMs, partitions } = this.#limits;
    const instance = this.#instance;
    this.#leases = new PartitionLeases({ store, names, clock, instance, partitions, leaseMs });
  }

  get health(): PartitionReaderHealth {
    const { partitions } = this.#limits;
    return {
      state: this.#state,
      instance: this.#instance,
      partitions: Array.from({ length: partitions }, (_, number) => this.#healthOf(number)),
      lastError: this.#lastError,
    };
  }

  /**
   * Begins to consume. Resolves after the first try to get partitions; if the event store could not be reached, it goes on
   * trying by itself.
   *
   * @throws PosthornError `PSH_FEED_PARTITIONS_CHANGED`
   */
  async start(): Promise<void> {
    this.#state = 'connecting';
    this.#working = this.#begin();
    await this.#working;
  }

  /**
   * Takes no more events, waits for those that are being handled (no longer than `handOverMs`), records how far it came and
   * gives the partitions back to the others. Never rejects.
   */
  async close(): Promise<void> {
    if (this.#state !== 'refused') this.#state = 'draining';
    this.#ending.abort();
    this.#cancelTimer();
    await this.#working.catch(() => undefined);
    for (const partition of this.#owned.values()) this.#giveAway(partition);
    await Promise.all(this.#handingOver);
    await this.#reading?.close();
    if (this.#state === 'draining') this.#state = 'stopped';
  }

  async #begin(): Promise<void> {
    const { clock, names, startAfter, store } = this.#options;
    const { client } = store;
    const { leaseMs, partitions } = this.#limits;
    const { signal } = this.#ending;
    try {
      const plan = await settlePlan({ client, clock, names, partitions, startAfter, signal });
      this.#startAfter = plan.startAfter;
    } catch (error) {
      if (isPosthornError(error, 'PSH_FEED_PARTITIONS_CHANGED')) return this.#refuse(error);
      this.#interrupted('ordered consumption has not begun', error);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
      this.#later(() => this.#begin(), pauseMs);
      return;
    }
    if (signal.aborted) return;
    this.#reading = new LogReading({
      client,
      clock,
      names,
      partitions,
      silenceMs: store.capabilities.isExclusive ? null : 2 * leaseMs,
      onInterrupted: (error) => {
        this.#interrupted('the reading of the log is interrupted', error);
      },
    });
    this.#state = 'running';
    await this.#balance();
  }

  #refuse(error: Error): never {
    this.#state = 'refused';
    this.#lastError = error.message;
    this.#logger.error(error);
    throw error;
  }

  /** Gives away what is more than its share, takes what is less, and looks again after a while. Never rejects. */
  async #balance(): Promise<void> {
    const { leaseMs } = this.#limits;
    let share = this.#owned.size;
    try {
      const { views, share: fair } = await this.#leases.look(new Set(this.#owned.keys()));
      this.#seen = views;
      share = fair;
      const excess = [...this.#owned.values()].slice(share);
      for (const partition of excess) this.#giveAway(partition);
      await this.#take(share);
      if (share > 0 && this.#owned.size === 0 && !this.#isEnding) await this.#leases.want();
    } catch (error) {
      this.#interrupted('the leases of the partitions cannot be seen', error);
    }
    // Who gets less than its share waits for others to give some away, and should not wait long.
    this.#later(() => this.#balance(), this.#owned.size < share ? leaseMs / 15 : leaseMs / 5);
  }

  /** Takes what is free, up to its share. @throws what the client throws, once it owns what it could take */
  async #take(share: number): Promise<void> {
    const free = [...this.#seen].filter(
      ([number, { holder }]) => holder === null && !this.#leaving.has(number),
    );
    const wanted = free.slice(0, Math.max(share - this.#owned.size, 0));
    const taken = await Promise.allSettled(
      wanted.map(async ([number, view]) => {
        const lease = await this.#leases.take(number, view, this.#ending.signal);
        if (lease) this.#own(number, lease);
      }),
    );
    for (const partition of this.#owned.values()) this.#reading?.join(partition);
    const failed = taken.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #own(number: number, lease: HeldLease<PartitionCheckpoint>): void {
    const { clock, handle } = this.#options;
    const limits = this.#limits;
    const partition: OwnedPartition = new OwnedPartition({
      number,
      lease,
      startAfter: this.#startAfter,
      handle,
      limits,
      clock,
      onRoom: () => this.#reading?.resume(),
      onLost: () => {
        this.#logger.warn(`partition ${number} was lost to another instance, or may be soon`);
        this.#leave(partition);
      },
    });
    this.#owned.set(number, partition);
  }

  #giveAway(partition: OwnedPartition): void {
    const handingOver = partition.handOver().finally(() => this.#handingOver.delete(handingOver));
    this.#handingOver.add(handingOver);
    this.#leave(partition, handingOver);
  }

  #leave(partition: OwnedPartition, handedOver = Promise.resolve()): void {
    const { number } = partition;
    if (this.#owned.get(number) !== partition) return;
    this.#owned.delete(number);
    this.#reading?.leave(partition);
    this.#leaving.add(number);
    void handedOver.then(() => partition.settled()).then(() => this.#leaving.delete(number));
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  #later(work: () => Promise<void>, delayMs: number): void {
    if (this.#isEnding) return;
    this.#cancelTimer = this.#options.clock.setTimer(() => {
      this.#working = work();
      this.#working.catch(() => undefined); // logged, and shown in the health
    }, delayMs);
  }

  #interrupted(what: string, error: unknown): void {
    if (this.#isEnding) return;
    this.#lastError = String(error);
    this.#logger.warn(`${what}: ${String(error)}`);
  }

  #healthOf(number: number): PartitionHealth {
    const owned = this.#owned.get(number);
    if (owned) return this.#healthOfOwned(owned);
    const view = this.#seen.get(number);
    const owner = view?.holder ?? null;
    const state = owner === null ? 'free' : 'elsewhere';
    return {
      partition: number,
      state: this.#leaving.has(number) ? 'handing-over' : state,
      owner,
      checkpoint: view?.checkpoint?.position ?? null,
      waiting: 0,
      failingStreams: 0,
      lagMs: null,
      lastError: null,
    };
  }

  #healthOfOwned(owned: OwnedPartition): PartitionHealth {
    const { failingStreams, handledUpTo, lastError, number, oldestAt, waiting } = owned;
    const isLive = this.#reading?.isLive(owned) ?? false;
    const ageMs = oldestAt === null ? null : Math.max(this.#options.clock.now() - oldestAt, 0);
    return {
      partition: number,
      state: isLive ? 'live' : 'behind',
      owner: this.#instance,
      checkpoint: handledUpTo < 0n ? null : handledUpTo.toString(),
      waiting,
      failingStreams,
      lagMs: isLive && waiting === 0 ? 0 : ageMs,
      lastError,
    };
  }
}
