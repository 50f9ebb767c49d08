import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AllStreamRecordedEvent, jsonEvent } from '@eventstore/db-client';
import {
  type EmbeddedEventStore,
  type LeaseEvent,
  openEmbeddedEventStore,
  StreamNames,
} from '../../modules/event-store/index.js';
import type { HandleInOrder } from '../../modules/feed/partition-reader/handle-in-order.port.js';
import type { PartitionCheckpoint } from '../../modules/feed/partition-reader/owned-partition.js';
import { partitionOf } from '../../modules/feed/partition-reader/partition-of.js';
import {
  PartitionReader,
  type PartitionReaderOptions,
} from '../../modules/feed/partition-reader/partition-reader.js';
import { ManualClock } from '../../modules/kernel/index.js';
import { StoppableMachine } from './stoppable-machine.js';

/** One event that was handled: where, and by whom. */
export interface Handling {
  readonly stream: string;
  readonly revision: number;
  readonly instance: string;
}

export interface WorldOptions extends Partial<
  Pick<PartitionReaderOptions, 'handle' | 'limits' | 'startAfter'>
> {
  /** Default: no, so that instances share the store. */
  readonly isExclusive?: boolean;
  readonly prefix?: string;
}

/** An instance of Posthorn that consumes in order. */
export interface WorldInstance {
  readonly name: string;
  readonly machine: StoppableMachine;
  readonly reader: PartitionReader;
}

/** Several instances that consume one embedded event store in order, and the book of what they handled. */
export class PartitionWorld {
  static readonly LEASE_MS = 15_000;
  readonly clock = new ManualClock();
  readonly store: EmbeddedEventStore;
  readonly names: StreamNames;
  /** In the order in which handling began. */
  readonly begun: Handling[] = [];
  /** Positions of the events that were handled, by partition. */
  readonly handled = new Map<number, Set<bigint>>();
  /** The events above this position are to be handled. */
  startsAfter = -1n;
  readonly #options: WorldOptions;
  readonly #dataDir: string;
  readonly #instances: WorldInstance[] = [];
  readonly #appended = new Map<string, bigint[]>();
  /** What was recorded of the lease of each partition. */
  readonly leases = new Map<string, LeaseEvent<PartitionCheckpoint>[]>();
  /** Laws that were broken. */
  readonly faults: string[] = [];

  private constructor(dataDir: string, store: EmbeddedEventStore, options: WorldOptions) {
    this.#dataDir = dataDir;
    this.store = store;
    this.#options = options;
    this.names = new StreamNames(options.prefix);
  }

  static async open(options: WorldOptions = {}): Promise<PartitionWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'partitions-'));
    const store = await openEmbeddedEventStore({ dataDir });
    return new PartitionWorld(dataDir, store, options);
  }

  get partitions(): number {
    return this.#options.limits?.partitions ?? 16;
  }

  get running(): readonly WorldInstance[] {
    return this.#instances.filter(
      ({ machine, reader }) => machine.isRunning && reader.health.state === 'running',
    );
  }

  get suspended(): readonly WorldInstance[] {
    return this.#instances.filter(({ machine }) => machine.isSuspended);
  }

  get totalAppended(): number {
    return [...this.#appended.values()].reduce((total, { length }) => total + length, 0);
  }

  /** An instance that has not started yet. */
  prepare(name: string, options: WorldOptions = this.#options): WorldInstance {
    const machine = new StoppableMachine(this.clock, this.store.client, (stream, events) => {
      this.#recorded(stream, events as unknown as LeaseEvent<PartitionCheckpoint>[]);
    });
    const { handle = () => Promise.resolve(), isExclusive = false, limits = {} } = options;
    const reader = new PartitionReader({
      store: { client: machine.client, capabilities: { ...this.store.capabilities, isExclusive } },
      names: this.names,
      clock: machine.clock,
      instance: name,
      startAfter: options.startAfter ?? (() => Promise.resolve(-1n)),
      handle: this.#handling(name, machine, handle),
      limits,
    });
    const instance = { name, machine, reader };
    this.#instances.push(instance);
    return instance;
  }

  async start(name: string, options?: WorldOptions): Promise<WorldInstance> {
    const instance = this.prepare(name, options);
    await this.completing(instance.reader.start());
    return instance;
  }

  /** Moves time on until `work` is done. */
  async completing<Result>(work: Promise<Result>): Promise<Result> {
    const progress = { isDone: false };
    const done = work.finally(() => (progress.isDone = true));
    done.catch(() => undefined); // thrown below
    while (!progress.isDone) {
      await this.turn();
      this.clock.advance(100);
    }
    return done;
  }

  /** Appends `count` events to `stream`. @returns the position of the last one */
  async append(stream: string, count = 1): Promise<bigint> {
    const events = Array.from({ length: count }, () => jsonEvent({ type: 'Placed', data: {} }));
    const positions = this.#appended.get(stream) ?? [];
    for (const event of events) {
      const { position } = await this.store.client.appendToStream(stream, event);
      positions.push(position?.commit ?? -1n);
    }
    if (!this.names.isReserved(stream)) this.#appended.set(stream, positions);
    return positions.at(-1) ?? -1n;
  }

  /** Lets what is under way reach the store and come back. */
  async turn(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await this.store.client.getStreamMetadata('nothing');
      await new Promise(setImmediate);
      if (this.#instances.some(({ machine }) => machine.openCalls > 0)) idle = 0;
    }
  }

  /** Moves time on, in steps in which everybody can act. */
  async pass(ms: number, stepMs = 500): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.turn();
      this.clock.advance(stepMs);
    }
    await this.turn();
  }

  /** Moves time on until `isReached`. */
  async until(isReached: () => boolean, stepMs = 200): Promise<void> {
    for (let step = 0; !isReached(); step++) {
      if (step > 1_000) throw new Error(`not reached; ${this.handledEvents} events are handled`);
      await this.turn();
      if (!isReached()) this.clock.advance(stepMs);
    }
  }

  get handledEvents(): number {
    return [...this.handled.values()].reduce((total, { size }) => total + size, 0);
  }

  get areAllHandled(): boolean {
    return this.handledEvents === this.totalAppended;
  }

  /** How many partitions each running instance owns. */
  owned(): Record<string, number> {
    return Object.fromEntries(
      this.running.map(({ name, reader }) => [
        name,
        reader.health.partitions.filter(({ owner }) => owner === name).length,
      ]),
    );
  }

  /** Whether the running instances share out all partitions, with a difference of one at most. */
  get isBalanced(): boolean {
    const counts = Object.values(this.owned());
    const total = counts.reduce((sum, count) => sum + count, 0);
    return total === this.partitions && Math.max(...counts) - Math.min(...counts) <= 1;
  }

  /** The revisions of `stream` in the order in which each was handled for the first time. */
  firstHandlings(stream: string): number[] {
    return [
      ...new Set(this.begun.filter((one) => one.stream === stream).map((one) => one.revision)),
    ];
  }

  /** The streams of the application, with the revisions that they have. */
  streams(): Map<string, number[]> {
    return new Map(
      [...this.#appended].map(([stream, { length }]) => [stream, [...Array(length).keys()]]),
    );
  }

  /** @throws when a law was broken */
  async close(): Promise<void> {
    for (const { machine, reader } of this.#instances) {
      if (machine.isRunning) await this.completing(reader.close());
    }
    await this.store.close();
    await rm(this.#dataDir, { recursive: true });
    if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
  }

  #handling(instance: string, machine: StoppableMachine, handle: HandleInOrder): HandleInOrder {
    return async (event, context) => {
      await machine.running();
      if (context.signal.aborted) return;
      this.#begins(event, instance);
      await handle(event, context);
      await machine.running();
      this.#done(event, context.partition);
    };
  }

  /** The event before it in its stream was handled. */
  #begins({ revision, streamId: stream }: AllStreamRecordedEvent, instance: string): void {
    const number = Number(revision);
    this.begun.push({ stream, revision: number, instance });
    const before = this.#appended.get(stream)?.[number - 1] ?? -1n;
    const partition = partitionOf(stream, this.partitions);
    if (before <= this.startsAfter || this.handled.get(partition)?.has(before)) return;
    this.faults.push(`${stream}@${number} was begun before the one before it was handled`);
  }

  #done({ position }: AllStreamRecordedEvent, partition: number): void {
    const handled = this.handled.get(partition) ?? new Set();
    this.handled.set(partition, handled.add(position.commit));
  }

  /** A lease is held by one instance after the other; its checkpoint never goes back, and passes nothing unhandled. */
  #recorded(stream: string, events: readonly LeaseEvent<PartitionCheckpoint>[]): void {
    if (!stream.startsWith(this.names.partition(0).slice(0, -1))) return;
    const number = Number(stream.slice(this.names.partition(0).length - 1));
    const log = this.leases.get(stream) ?? [];
    this.leases.set(stream, log);
    for (const event of events) {
      const last = log.at(-1);
      const owner = event.data.owner ?? last?.data.owner;
      if (event.type !== 'LeaseTaken' && owner !== last?.data.owner) {
        this.faults.push(
          `${event.type} by ${String(event.data.owner)} after ${String(last?.data.owner)}`,
        );
      }
      const [before, now] = [placeOf(last), placeOf(event)];
      if (now < before) this.faults.push(`${stream} went back from ${before} to ${now}`);
      const unhandled = this.#positions(number).filter(
        (position) =>
          position > this.startsAfter &&
          position <= now &&
          !this.handled.get(number)?.has(position),
      );
      if (unhandled.length > 0) this.faults.push(`${stream} passed ${unhandled.join()}`);
      log.push(event);
    }
  }

  #positions(partition: number): bigint[] {
    return [...this.#appended]
      .filter(([stream]) => partitionOf(stream, this.partitions) === partition)
      .flatMap(([, positions]) => positions);
  }
}

function placeOf(event: LeaseEvent<PartitionCheckpoint> | undefined): bigint {
  return event?.data.checkpoint ? BigInt(event.data.checkpoint.position) : -1n;
}
