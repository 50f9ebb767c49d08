/** A first-in, first-out list that is read by index; the first entry goes in amortised constant time. */
export class RecordWindow<T> {
  #entries: T[] = [];
  #start = 0;

  get length(): number {
    return this.#entries.length - this.#start;
  }

  /** Entry at `index`, counted from the oldest. */
  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#entries[this.#start + index];
  }

  push(entry: T): void {
    this.#entries.push(entry);
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#start];
    if (this.length > 0) this.#start++;
    if (this.#start > 32 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
    return entry;
  }
}
