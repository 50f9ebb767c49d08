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

  /**
   * What `for await` takes: page by page, without the way through the buffer of a `Readable`, which costs more than the
   * read. Who leaves the loop early ends the read.
   */
  override [Symbol.asyncIterator](): ReturnType<Readable['iterator']> {
    const isUntouched = this.readableFlowing === null && !this.readableDidRead && !this.#isLoading;
    return isUntouched && !this.destroyed ? this.#iterate() : super[Symbol.asyncIterator]();
  }

  async *#iterate(): AsyncGenerator<E, undefined> {
    this.#isLoading = true; // nothing is read for the buffer any more
    this.on('error', () => undefined); // it is thrown here
    try {
      for (let page = this.#page; ; page = await this.#nextPage()) {
        for (const entry of page.records) {
          this.#checkAlive();
          if (this.#isCancelled) return;
          yield this.#convert(entry);
        }
        this.#checkAlive();
        if (page.isEnd || this.#isCancelled) return;
      }
    } catch (cause) {
      const error = toClientError(cause);
      this.destroy(error);
      throw error;
    } finally {
      this.destroy();
    }
  }

  /** @throws the reason for which it was destroyed from outside */
  #checkAlive(): void {
    if (this.destroyed) throw this.errored ?? new Error('the read was destroyed');
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
