const SMALLEST_CAPACITY = 16;

/** First in, first out, without moving what is inside. */
export class Fifo<Item> {
  #items = new Array<Item | undefined>(SMALLEST_CAPACITY);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) % this.#items.length] = item;
    this.#size++;
  }

  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#items.length;
    this.#size--;
    return item;
  }

  clear(): void {
    this.#items = new Array<Item | undefined>(SMALLEST_CAPACITY);
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const ordered = [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
    this.#items = [...ordered, ...new Array<Item | undefined>(ordered.length)];
    this.#head = 0;
  }
}
