/**
 * Lets any number of callers share one read that starts after each of them asked: while one is under way, all who come
 * wait for the next. So at most one read is under way, and nobody waits for more than two.
 */
export class SharedRead {
  readonly #read: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(read: () => Promise<void>) {
    this.#read = read;
  }

  /** Resolves when a read that started after this call has ended; rejects as that read does. */
  request(): Promise<void> {
    const start = (): Promise<void> => {
      this.#next = undefined;
      this.#running = this.#read();
      return this.#running;
    };
    // whatever became of the one before, it is not the one that was asked for
    this.#next ??= this.#running.then(start, start);
    return this.#next;
  }
}
