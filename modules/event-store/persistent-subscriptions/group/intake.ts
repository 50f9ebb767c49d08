import type { LogRecord, ResolvedRecord } from '../../embedded/event-log.js';
import { Fifo } from './fifo.js';

/** A stretch of a group's source, read from the log. */
export interface HistoryPage {
  /** The matching records, each with its place, in order. */
  readonly records: readonly { readonly record: ResolvedRecord; readonly place: number }[];
  /** Everything below this place was considered. */
  readonly next: number;
  /** Whether the source ended here at the time of the read. */
  readonly isEnd: boolean;
  /** How many records were considered, filtered-out ones included. */
  readonly considered: number;
}

interface LiveRecord {
  readonly record: LogRecord;
  readonly place: number;
}

/**
 * Where the next message comes from. A group is *live* when every committed match can go straight to it; otherwise it is
 * *behind*, reads history, and keeps the newest live records until history has reached them:
 *
 *     behind --(history reached what is kept, and that is used up)--> live
 *     live --(no room for a live record, or it needs the log to be understood)--> behind
 *
 * `next` is the place below which everything was handed on: nothing is handed on twice, and nothing is left out.
 */
export class Intake {
  readonly #keptCapacity: number;
  readonly #kept = new Fifo<LiveRecord>();
  /** Every match from this place on is among the kept ones, or still to be committed; unknown before the first. */
  #keptFrom: number | undefined;
  #next = 0;
  #isLive = false;
  #isReading = false;

  /** @param keptCapacity how many live records are kept while the group is behind */
  constructor(keptCapacity: number) {
    this.#keptCapacity = keptCapacity;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get isReading(): boolean {
    return this.#isReading;
  }

  /** Place from which a read of history goes on. */
  get next(): number {
    return this.#next;
  }

  get keptCount(): number {
    return this.#kept.size;
  }

  /**
   * @param from place of the first record that is wanted
   * @param liveFrom place from which on every record is going to be announced, if it is known
   */
  start(from: number, liveFrom: number | undefined): void {
    this.#next = from;
    this.#keptFrom = liveFrom;
    this.#goLiveIfNothingIsKept();
  }

  /**
   * A matching record was committed.
   * @param hasRoom whether the group has room for it
   * @param isComplete whether the record alone says everything; a link that has to be resolved does not
   * @returns whether to hand it on now
   */
  live(record: LogRecord, place: number, hasRoom: boolean, isComplete: boolean): boolean {
    if (place < this.#next) return false;
    if (this.#isLive && hasRoom && isComplete) {
      this.#next = place + 1;
      return true;
    }
    if (this.#isLive) {
      this.#isLive = false;
      this.#keptFrom = this.#next;
    }
    this.#keep(record, place, isComplete);
    return false;
  }

  /** A record that does not match was committed. @returns whether everything before it was handed on */
  skip(place: number): boolean {
    if (!this.#isLive || place < this.#next) return false;
    this.#next = place + 1;
    return true;
  }

  /** Whether history has to be read to go on. */
  get needsHistory(): boolean {
    if (this.#isLive || this.#isReading) return false;
    return this.#keptFrom === undefined || this.#next < this.#keptFrom;
  }

  beginRead(): void {
    this.#isReading = true;
  }

  /** The read failed; it can be tried again. */
  abandonRead(): void {
    this.#isReading = false;
  }

  /** The read ended. `next` is then behind the page, whose records are to be handed on. */
  endRead(page: HistoryPage): void {
    this.#isReading = false;
    this.#next = Math.max(this.#next, page.next);
    if (page.isEnd && this.#keptFrom === undefined) this.#isLive = true;
    else this.#goLiveIfNothingIsKept();
  }

  /** Takes the next of the kept live records, if history has reached them. */
  takeKept(): LiveRecord | undefined {
    if (this.#isLive || this.#isReading || this.needsHistory) return undefined;
    let kept = this.#kept.shift();
    while (kept && kept.place < this.#next) kept = this.#kept.shift();
    if (kept) this.#next = kept.place + 1;
    this.#goLiveIfNothingIsKept();
    return kept;
  }

  #keep(record: LogRecord, place: number, isComplete: boolean): void {
    this.#keptFrom ??= place;
    if (isComplete) this.#kept.push({ record, place });
    else this.#discardUntil(place);
    while (this.#kept.size > this.#keptCapacity) {
      const oldest = this.#kept.shift();
      if (oldest) this.#keptFrom = oldest.place + 1;
    }
  }

  #discardUntil(place: number): void {
    this.#kept.clear();
    this.#keptFrom = place + 1;
  }

  #goLiveIfNothingIsKept(): void {
    if (this.#kept.size > 0 || this.#keptFrom === undefined) return;
    if (this.#next >= this.#keptFrom) this.#isLive = true;
  }
}
