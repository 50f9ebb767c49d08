import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import type { HeldLease } from '../../event-store/index.js';
import { type CancelTimer, type Clock, isPosthornError } from '../../kernel/index.js';
import type { HandleInOrder } from './handle-in-order.port.js';
import type { PartitionReaderLimits } from './partition-reader.options.js';
import { StreamQueues } from './stream-queues.js';

/** What is recorded with the lease of a partition: everything up to `position` was handled. */
export interface PartitionCheckpoint {
  readonly [key: string]: string;
  readonly position: string;
}

export interface OwnedPartitionOptions {
  readonly number: number;
  readonly lease: HeldLease<PartitionCheckpoint>;
  /** Where the partition began, for one that has no checkpoint yet. */
  readonly startAfter: bigint;
  readonly handle: HandleInOrder;
  readonly limits: PartitionReaderLimits;
  readonly clock: Clock;
  /** Told when there is room again after an offer was refused. */
  readonly onRoom: () => void;
  /** Told once, when the lease was lost. */
  readonly onLost: () => void;
}

/** An event that was taken and not handled yet. */
interface Unfinished {
  /** Position of the record before it: what may be recorded while this one is not handled. */
  readonly before: bigint;
  readonly recordedAt: number;
}

/** Records that may pass by without a checkpoint: what is read again at most when none of them was the partition's. */
const PASSED_WITHOUT_CHECKPOINT = 10_000;

/**
 * A partition while this instance holds its lease: takes its events in the order of the log, hands them to the handler
 * stream by stream, and records how far everything is handled.
 *
 * Guarantees: no more than `maxHeldEvents` events are held; the checkpoint never passes an event that is not handled; once
 * the lease is lost, no handler is started and nothing is recorded.
 */
export class OwnedPartition {
  readonly number: number;
  readonly #logger = new Logger('PartitionReader');
  readonly #options: OwnedPartitionOptions;
  readonly #queues: StreamQueues;
  readonly #ending = new AbortController();
  /** In the order of their positions, so the first one is the lowest. */
  readonly #unfinished = new Map<bigint, Unfinished>();
  #after: bigint;
  #recorded: bigint;
  #handledSince = 0;
  #passedSince = 0;
  #isFull = false;
  #isEnding = false;
  #isRecording = false;
  #lastPassedAt: number | null = null;
  #lastError: string | null = null;
  #cancelTimer: CancelTimer = () => undefined;
  #settled: Promise<void> | undefined;

  constructor(options: OwnedPartitionOptions) {
    const { clock, lease, limits, number, startAfter } = options;
    this.number = number;
    this.#options = options;
    this.#after = lease.checkpoint ? BigInt(lease.checkpoint.position) : startAfter;
    this.#recorded = this.#after;
    this.#queues = new StreamQueues({
      clock,
      streamsAtOnce: limits.streamsAtOnce,
      handle: (event) => this.#handle(event),
      onHandled: (event) => {
        this.#handled(event);
      },
      onFailed: (event, error, pauseMs) => {
        this.#failed(event, error, pauseMs);
      },
    });
    lease.lost.addEventListener('abort', () => {
      this.#lost();
    });
    this.#scheduleCheckpoint();
  }

  /** Everything up to here was taken or passed by; -1 at the beginning of the log. */
  get after(): bigint {
    return this.#after;
  }

  /** Everything up to here is handled. */
  get handledUpTo(): bigint {
    for (const { before } of this.#unfinished.values()) return before;
    return this.#after;
  }

  /** Events that are held. */
  get waiting(): number {
    return this.#unfinished.size;
  }

  /** How many more events it takes; 0 from when one was refused until half of those held are handled. */
  get room(): number {
    return this.#isFull || this.#isEnding ? 0 : this.#options.limits.maxHeldEvents - this.waiting;
  }

  /** When the oldest event that is not handled was recorded; else the last record that passed. Epoch milliseconds. */
  get oldestAt(): number | null {
    for (const { recordedAt } of this.#unfinished.values()) return recordedAt;
    return this.#lastPassedAt;
  }

  get failingStreams(): number {
    return this.#queues.failingStreams;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Takes an event of this partition, the next one of the log. @returns `false` when there is no room: it is to be offered again */
  offer(event: AllStreamRecordedEvent): boolean {
    if (this.#isEnding) return false;
    if (this.waiting >= this.#options.limits.maxHeldEvents) this.#isFull = true;
    if (this.#isFull) return false;
    const { created, position } = event;
    this.#unfinished.set(position.commit, { before: this.#after, recordedAt: created.getTime() });
    this.#after = position.commit;
    this.#queues.add(event);
    return true;
  }

  /** A record that is none of this partition's. */
  pass({ created, position }: AllStreamRecordedEvent): void {
    if (this.#isEnding) return;
    this.#after = position.commit;
    this.#lastPassedAt = created.getTime();
    this.#passedSince += 1;
  }

  /**
   * Takes no more; waits, within bounds, until everything up to some place is handled and nothing above it was begun, so
   * that nothing is handled twice; records that place, and gives the lease back. Never rejects.
   */
  async handOver(): Promise<void> {
    const { clock, lease, limits } = this.#options;
    this.#isEnding = true;
    let cancelPatience: CancelTimer = () => undefined;
    const patience = new Promise<void>((resolve) => {
      cancelPatience = clock.setTimer(resolve, limits.handOverMs);
    });
    await Promise.race([this.#queues.finish(), patience]);
    cancelPatience();
    this.#end();
    const position = this.handledUpTo;
    await lease.release(position < 0n ? undefined : { position: position.toString() });
  }

  /** Starts nothing more; resolves when no handler runs any more. */
  settled(): Promise<void> {
    this.#settled ??= this.#queues.stop();
    return this.#settled;
  }

  #lost(): void {
    if (this.#ending.signal.aborted) return;
    this.#end();
    this.#options.onLost();
  }

  #end(): void {
    this.#isEnding = true;
    this.#cancelTimer();
    this.#ending.abort();
    void this.settled();
  }

  async #handle(event: AllStreamRecordedEvent): Promise<void> {
    const { handle, lease, number } = this.#options;
    if (!lease.isHeld()) throw new Error('the lease was lost');
    await handle(event, { partition: number, signal: this.#ending.signal });
  }

  #handled(event: AllStreamRecordedEvent): void {
    if (this.#ending.signal.aborted) return;
    this.#unfinished.delete(event.position.commit);
    this.#handledSince += 1;
    if (this.#handledSince >= this.#options.limits.checkpointEvents) void this.#record();
    if (!this.#isFull || this.waiting > this.#options.limits.maxHeldEvents / 2) return;
    this.#isFull = false;
    this.#options.onRoom();
  }

  #failed(event: AllStreamRecordedEvent, error: unknown, pauseMs: number): void {
    this.#lastError = errorName(error);
    this.#logger.warn(
      `event ${event.id} of type ${event.type} is handled again in ${pauseMs} ms: ${this.#lastError}`,
    );
  }

  #scheduleCheckpoint(): void {
    const { clock, limits } = this.#options;
    this.#cancelTimer = clock.setTimer(() => {
      const isDue = this.#handledSince > 0 || this.#passedSince >= PASSED_WITHOUT_CHECKPOINT;
      if (isDue) void this.#record();
      this.#scheduleCheckpoint();
    }, limits.checkpointMs);
  }

  /** Never rejects. */
  async #record(): Promise<void> {
    const position = this.handledUpTo;
    if (this.#isRecording || this.#isEnding || position === this.#recorded) return;
    this.#isRecording = true;
    this.#handledSince = 0;
    this.#passedSince = 0;
    try {
      const isRecorded = await this.#options.lease.advance({ position: position.toString() });
      if (isRecorded) this.#recorded = position;
    } catch (error) {
      this.#lastError = errorName(error);
      this.#logger.warn(
        `the checkpoint of partition ${this.number} is not recorded: ${String(error)}`,
      );
    } finally {
      this.#isRecording = false;
    }
  }
}

/** Without what the error says, unless it is one of ours: messages of others may quote payloads. */
function errorName(error: unknown): string {
  if (isPosthornError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.name : 'unknown';
}
