import type { EventLog, LogRecord } from './event-log.js';

/** Takes the committed records of one stream, or of all, in log order. It must not throw. */
export type CommitTaker = (record: LogRecord) => void;

/**
 * Hands each committed record to those who follow its stream, and to those who follow everything: one look-up per record,
 * however many follow.
 */
export class CommitFeed {
  readonly #streams = new Map<string, Set<CommitTaker>>();
  readonly #all = new Set<CommitTaker>();
  readonly #stop: () => void;

  constructor(log: EventLog) {
    this.#stop = log.onCommitted((records) => {
      if (this.#streams.size === 0 && this.#all.size === 0) return;
      for (const record of records) this.#hand(record);
    });
  }

  /** @returns what ends it */
  followAll(taker: CommitTaker): () => void {
    this.#all.add(taker);
    return () => {
      this.#all.delete(taker);
    };
  }

  /** @returns what ends it */
  followStream(stream: string, taker: CommitTaker): () => void {
    const takers = this.#streams.get(stream) ?? new Set();
    this.#streams.set(stream, takers.add(taker));
    return () => {
      takers.delete(taker);
      if (takers.size === 0 && this.#streams.get(stream) === takers) this.#streams.delete(stream);
    };
  }

  close(): void {
    this.#stop();
  }

  #hand(record: LogRecord): void {
    for (const taker of this.#all) taker(record);
    const takers = this.#streams.get(record.stream);
    if (takers) for (const taker of takers) taker(record);
  }
}
