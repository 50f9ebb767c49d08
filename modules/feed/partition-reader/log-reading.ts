import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import type { EventStoreClient, StreamNames } from '../../event-store/index.js';
import type { CancelTimer, Clock } from '../../kernel/index.js';
import { LogTail, placeAfter } from './log-tail.js';
import type { OwnedPartition } from './owned-partition.js';
import { partitionOf } from './partition-of.js';

export interface LogReadingOptions {
  readonly client: Pick<EventStoreClient, 'readAll' | 'subscribeToAll'>;
  readonly clock: Clock;
  readonly names: StreamNames;
  readonly partitions: number;
  /**
   * A subscription that hands over nothing for so long is taken for broken, in milliseconds; `null`: it may be silent. Where
   * leases are renewed it hears of that at least.
   */
  readonly silenceMs: number | null;
  /** Told of each interruption, before the pause. */
  readonly onInterrupted: (error: unknown, pauseMs: number) => void;
}

const LEAST_PAGE = 32;
const MOST_PAGE = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Reads the log for all partitions of this instance together.
 *
 * A partition is **behind** at first, and read page by page; those whose places are near one another share the pages, and
 * so come to share one place. When it has reached the end of the log it is **live**: one subscription hands new events to
 * all live partitions. A partition that takes no more falls behind by itself, and holds up no other.
 */
export class LogReading {
  readonly #options: LogReadingOptions;
  /** In the order in which they were read for. */
  readonly #behind = new Set<OwnedPartition>();
  readonly #live = new Set<OwnedPartition>();
  #tail: LogTail | undefined;
  #pages = 0;
  #failures = 0;
  #error: unknown;
  #isClosed = false;
  #wake: () => void = () => undefined;
  readonly #reading: Promise<void>;

  constructor(options: LogReadingOptions) {
    this.#options = options;
    this.#reading = this.#read();
  }

  isLive(partition: OwnedPartition): boolean {
    return this.#live.has(partition);
  }

  /** Reads for `partition` from its place on, if that is not done already. */
  join(partition: OwnedPartition): void {
    if (this.#isClosed || this.#live.has(partition)) return;
    this.#behind.add(partition);
    this.#wake();
  }

  /** Reads for `partition` no more. */
  leave(partition: OwnedPartition): void {
    this.#behind.delete(partition);
    this.#live.delete(partition);
    this.#closeIdleTail();
  }

  /** To be called when a partition has room again. */
  resume(): void {
    this.#wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#behind.clear();
    this.#live.clear();
    this.#closeIdleTail();
    this.#wake();
    await this.#reading;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    while (!this.#isClosed) {
      const next = this.#nextBehind();
      try {
        if (this.#error !== undefined) await this.#recover();
        else if (next) await this.#readPage(next);
        else await this.#woken();
      } catch (error) {
        this.#error = error;
      }
    }
  }

  /**
   * The one that is furthest behind, three times out of four: so those that are near one another meet. Each fourth page is
   * for one of the others in turn, which need not wait until one has caught up with the history of years.
   */
  #nextBehind(): OwnedPartition | undefined {
    const readers = [...this.#behind].filter(({ room }) => room > 0);
    if (this.#pages % 4 === 3) return readers[0];
    return readers.reduce<OwnedPartition | undefined>(
      (furthest, reader) => (furthest && furthest.after <= reader.after ? furthest : reader),
      undefined,
    );
  }

  /** A page from the place of `next` on, for every partition that is behind and not before that place. */
  async #readPage(next: OwnedPartition): Promise<void> {
    const from = next.after;
    const readers = new Set(
      [...this.#behind].filter(({ after, room }) => room > 0 && after >= from),
    );
    const { client, partitions } = this.#options;
    this.#pages += 1;
    // As many records as will hold what the partition has room for, if the events are spread evenly.
    const limit = Math.min(Math.max(next.room * partitions, LEAST_PAGE), MOST_PAGE);
    let records = 0;
    // The page begins with the record at `from`, which was read before.
    for await (const resolved of client.readAll({
      fromPosition: placeAfter(from),
      maxCount: limit + 1,
    })) {
      const record = resolved.link ?? resolved.event;
      if (!record || record.position.commit <= from) continue;
      records += 1;
      this.#spread(record, readers);
    }
    if (records > 0) this.#failures = 0;
    // The next turn is another one's.
    if (this.#behind.delete(next)) this.#behind.add(next);
    if (records < limit) await this.#reachedEnd(readers);
  }

  /** Gives `record` to the partition it belongs to, and lets it pass the others. Who has no room reads no further. */
  #spread(record: AllStreamRecordedEvent, readers: Set<OwnedPartition>): void {
    const { names, partitions } = this.#options;
    const { position, streamId } = record;
    const number = names.isOfApplication(record) ? partitionOf(streamId, partitions) : -1;
    for (const reader of readers) {
      if (position.commit <= reader.after) continue;
      if (reader.number !== number) reader.pass(record);
      else if (!reader.offer(record)) readers.delete(reader);
    }
  }

  async #reachedEnd(readers: ReadonlySet<OwnedPartition>): Promise<void> {
    let isAnyLeft = false;
    for (const reader of readers) {
      if (!this.#behind.has(reader)) continue;
      this.#tail ??= this.#openTail(reader.after);
      // Not so when a node was read that lags behind the one that is subscribed to.
      if (reader.after >= this.#tail.position) {
        this.#behind.delete(reader);
        this.#live.add(reader);
      } else {
        isAnyLeft = true;
      }
    }
    if (isAnyLeft) await this.#pause(FIRST_PAUSE_MS);
  }

  #openTail(after: bigint): LogTail {
    const { client, clock, silenceMs } = this.#options;
    const tail = new LogTail({
      client,
      clock,
      after,
      silenceMs,
      onRecord: (record) => {
        this.#receive(record);
      },
      onCaughtUp: () => {
        this.#failures = 0;
      },
      onBroken: (error) => {
        if (this.#tail === tail) this.#tail = undefined;
        this.#error = error;
        for (const partition of this.#live) this.#fallBehind(partition);
        this.#wake();
      },
    });
    return tail;
  }

  #receive(record: AllStreamRecordedEvent): void {
    this.#failures = 0;
    const reading = new Set(this.#live);
    this.#spread(record, reading);
    if (reading.size === this.#live.size) return;
    for (const partition of this.#live) {
      if (!reading.has(partition)) this.#fallBehind(partition);
    }
    this.#closeIdleTail();
  }

  #fallBehind(partition: OwnedPartition): void {
    this.#live.delete(partition);
    this.#behind.add(partition);
    this.#wake();
  }

  #closeIdleTail(): void {
    if (this.#live.size > 0) return;
    this.#tail?.close();
    this.#tail = undefined;
  }

  async #recover(): Promise<void> {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    this.#options.onInterrupted(this.#error, pauseMs);
    this.#error = undefined;
    await this.#pause(pauseMs);
  }

  /** Resolves when there may be something to read. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Resolves early only when the reading is closed. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel: CancelTimer = this.#options.clock.setTimer(resolve, delayMs);
      this.#wake = () => {
        if (!this.#isClosed) return;
        cancel();
        resolve();
      };
    });
  }
}
