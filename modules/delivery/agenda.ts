interface Entry {
  readonly key: string;
  readonly at: number;
}

/** Below this many entries, overtaken ones are not worth a rebuild. */
const FEW_ENTRIES = 64;

/**
 * When each of many things is next to be looked at: a binary heap with one live entry per key. Setting and taking cost
 * O(log n). An entry that was overtaken or deleted stays in the heap until it surfaces, or until most entries are such.
 */
export class Agenda {
  #entries: Entry[] = [];
  readonly #at = new Map<string, number>();

  /** Keys that have a time. */
  get size(): number {
    return this.#at.size;
  }

  /** Remembers that `key` is to be looked at at `at`, unless that is to happen earlier anyway. */
  set(key: string, at: number): void {
    const known = this.#at.get(key);
    if (known !== undefined && known <= at) return;
    this.#at.set(key, at);
    this.#entries.push({ key, at });
    this.#up(this.#entries.length - 1);
  }

  /** `key` need not be looked at. */
  delete(key: string): void {
    if (!this.#at.delete(key)) return;
    const { length } = this.#entries;
    if (length > FEW_ENTRIES && length > 2 * this.#at.size) this.#rebuild();
  }

  /** The earliest time at which something is to be looked at; `undefined` when nothing is. */
  get earliest(): number | undefined {
    this.#dropOvertaken();
    return this.#entries[0]?.at;
  }

  /** Takes out the key whose time came first, if it has come at `now`. */
  take(now: number): string | undefined {
    this.#dropOvertaken();
    const first = this.#entries[0];
    if (!first || first.at > now) return undefined;
    this.#pop();
    this.#at.delete(first.key);
    return first.key;
  }

  #dropOvertaken(): void {
    for (let first = this.#entries[0]; first; first = this.#entries[0]) {
      if (this.#at.get(first.key) === first.at) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#entries = [...this.#at].map(([key, at]) => ({ key, at }));
    for (let index = this.#entries.length >> 1; index >= 0; index--) this.#down(index);
  }

  #pop(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    for (let index = start; index > 0;) {
      const parent = (index - 1) >> 1;
      if (this.#time(parent) <= this.#time(index)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(start: number): void {
    for (let index = start; ;) {
      const left = 2 * index + 1;
      const least = this.#time(left + 1) < this.#time(left) ? left + 1 : left;
      if (this.#time(least) >= this.#time(index)) return;
      this.#swap(index, least);
      index = least;
    }
  }

  /** Time at an index; later than everything where there is no entry. */
  #time(index: number): number {
    return this.#entries[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#entries[a], this.#entries[b]];
    if (!first || !second) return;
    this.#entries[a] = second;
    this.#entries[b] = first;
  }
}
