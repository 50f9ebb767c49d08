import type { RecordedEvent } from '@eventstore/db-client';
import { type EventStoreClient, type LogPage, readLogPage } from '../../event-store/index.js';
import { isGone, lastBefore } from './stream-search.js';

type Reader = Pick<EventStoreClient, 'readAll' | 'readStream'>;

/** Positions, both inclusive. `from` is that of a record, or 0. */
export interface HistoryRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Where a replay reads the events of the past. */
export interface HistorySource {
  /**
   * The next records behind `after`.
   *
   * @param after everything up to here was read; -1 at the beginning
   * @throws what the client throws
   */
  page(after: bigint, limit: number): Promise<LogPage>;
}

/** The whole log. */
export class LogSource implements HistorySource {
  readonly #client: Reader;
  readonly #range: HistoryRange;

  constructor(client: Reader, range: HistoryRange) {
    this.#client = client;
    this.#range = range;
  }

  page(after: bigint, limit: number): Promise<LogPage> {
    const { from, to } = this.#range;
    return readLogPage(this.#client, { from, after, upTo: to, limit });
  }
}

/**
 * One stream: read as it is, whatever else the log holds. Where to go on is found by position, so that a replay of a
 * stream is told in positions like any other. A stream that is gone holds nothing.
 */
export class StreamSource implements HistorySource {
  readonly #client: Reader;
  readonly #stream: string;
  readonly #range: HistoryRange;
  /** Where the last page ended, and the revision behind it. */
  #place: { readonly position: bigint; readonly next: bigint } | undefined;

  constructor(client: Reader, stream: string, range: HistoryRange) {
    this.#client = client;
    this.#stream = stream;
    this.#range = range;
  }

  async page(after: bigint, limit: number): Promise<LogPage> {
    const { to } = this.#range;
    const events: RecordedEvent[] = [];
    let last = after;
    let isEnd = false;
    try {
      // Of the leader: a follower may not have the end of the stream yet, and the end of the read is taken for it.
      const read = this.#client.readStream(this.#stream, {
        fromRevision: await this.#revisionAfter(after),
        maxCount: limit,
        requiresLeader: true,
      });
      for await (const { event } of read) {
        if (!event || isEnd) continue;
        const position = event.position?.commit ?? 0n;
        isEnd = position > to;
        if (isEnd) continue;
        events.push(event);
        last = position;
        this.#place = { position, next: event.revision + 1n };
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    isEnd ||= events.length < limit;
    return { events, last: isEnd ? to : last, isEnd };
  }

  async #revisionAfter(after: bigint): Promise<bigint> {
    if (this.#place?.position === after) return this.#place.next;
    const done = after < this.#range.from ? this.#range.from - 1n : after;
    const found = await lastBefore(
      this.#client,
      this.#stream,
      ({ position }) => (position?.commit ?? 0n) <= done,
    );
    return found ? found.revision + 1n : 0n;
  }
}
