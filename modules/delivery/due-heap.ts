interface Entry {
  readonly webhookId: string;
  readonly dueAt: number;
}

/**
 * When each webhook next has something due: a binary heap with one live entry per webhook. Setting and taking cost
 * O(log n); an entry that was overtaken stays in the heap until it surfaces.
 */
export class DueHeap {
  readonly #entries: Entry[] = [];
  readonly #dueAt = new Map<string, number>();

  /** Remembers that `webhookId` has something due at `dueAt`, unless it has something earlier. */
  set(webhookId: string, dueAt: number): void {
    const known = this.#dueAt.get(webhookId);
    if (known !== undefined && known <= dueAt) return;
    this.#dueAt.set(webhookId, dueAt);
    this.#entries.push({ webhookId, dueAt });
    this.#up(this.#entries.length - 1);
  }

  /** The earliest time at which something is due; `undefined` when nothing is. */
  get earliest(): number | undefined {
    this.#dropOvertaken();
    return this.#entries[0]?.dueAt;
  }

  /** Takes out the webhook that has had something due longest, if that is due at `now`. */
  take(now: number): string | undefined {
    this.#dropOvertaken();
    const first = this.#entries[0];
    if (!first || first.dueAt > now) return undefined;
    this.#pop();
    this.#dueAt.delete(first.webhookId);
    return first.webhookId;
  }

  #dropOvertaken(): void {
    for (let first = this.#entries[0]; first; first = this.#entries[0]) {
      if (this.#dueAt.get(first.webhookId) === first.dueAt) return;
      this.#pop();
    }
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
      if (this.#at(parent) <= this.#at(index)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(start: number): void {
    for (let index = start; ;) {
      const left = 2 * index + 1;
      const least = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(least) >= this.#at(index)) return;
      this.#swap(index, least);
      index = least;
    }
  }

  /** Due time at an index; later than everything where there is no entry. */
  #at(index: number): number {
    return this.#entries[index]?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#entries[a], this.#entries[b]];
    if (!first || !second) return;
    this.#entries[a] = second;
    this.#entries[b] = first;
  }
}
