import { Readable, type ReadableOptions } from 'node:stream';
import type { StreamingRead } from '@eventstore/db-client';
import type { ResolvedRecord } from '../embedded/event-log.js';
import { toClientError } from './client-errors.js';

/** A page of a finite read. */
export interface ReadPage {
  readonly records: readonly ResolvedRecord[];
  readonly isEnd: boolean;
}

/** A finite read: asks for the next page only when its consumer has taken the last one. */
export class RecordRead<E> extends Readable implements StreamingRead<E> {
  readonly #nextPage: () => Promise<ReadPage>;
  readonly #convert: (entry: ResolvedRecord) => E;
  #page: ReadPage = { records: [], isEnd: false };
  #taken = 0;
  #isLoading = false;
  #isCancelled = false;

  /**
   * @param nextPage reads on from where the last call ended; its errors end the read
   * @param convert what becomes of each record
   */
  constructor(
    nextPage: () => Promise<ReadPage>,
    convert: (entry: ResolvedRecord) => E,
    options: ReadableOptions,
  ) {
    super({ ...options, objectMode: true });
    this.#nextPage = nextPage;
    this.#convert = convert;
  }

  override _read(): void {
    if (this.#isLoading || this.#isCancelled) return;
    while (this.#taken < this.#page.records.length) {
      const entry = this.#page.records[this.#taken++];
      if (entry && !this.push(this.#convert(entry))) return;
    }
    if (this.#page.isEnd) this.push(null);
    else void this.#load();
  }

  /** Ends the read where it is. */
  async cancel(): Promise<void> {
    if (!this.#isCancelled && !this.readableEnded && !this.destroyed) {
      this.#isCancelled = true;
      this.push(null);
    }
    return Promise.resolve();
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    try {
      this.#page = await this.#nextPage();
      this.#taken = 0;
      this.#isLoading = false;
      if (!this.destroyed) this._read();
    } catch (error) {
      this.destroy(toClientError(error));
    }
  }
}
