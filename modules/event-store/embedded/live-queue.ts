/** Most that waits for a slow consumer before it is sent back to reading pages. */
const MAX_ENTRIES = 1_024;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * What was committed and not yet taken, bounded: what does not fit is dropped, all of it, and `hasOverflowed` tells the
 * consumer to read it from the log instead.
 */
export class LiveQueue<T> {
  #entries: T[] = [];
  #bytes = 0;
  #hasOverflowed = false;
  #wake: (() => void) | undefined;

  get hasOverflowed(): boolean {
    return this.#hasOverflowed;
  }

  push(entry: T, bytes: number): void {
    if (!this.#hasOverflowed) {
      this.#entries.push(entry);
      this.#bytes += bytes;
      if (this.#entries.length > MAX_ENTRIES || this.#bytes > MAX_BYTES) {
        this.#entries = [];
        this.#hasOverflowed = true;
      }
    }
    this.wake();
  }

  /** Everything that waits, in order. */
  take(): readonly T[] {
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    return entries;
  }

  /** Begins anew, as if it had been made now. */
  restart(): void {
    this.take();
    this.#hasOverflowed = false;
  }

  /** Resolves when there is something to take, an overflow to notice, or `wake` is called. One waits at a time. */
  async filled(): Promise<void> {
    if (this.#entries.length > 0 || this.#hasOverflowed) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
