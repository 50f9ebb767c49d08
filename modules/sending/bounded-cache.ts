/** A memo of at most `capacity` values: when full, the one that was added first makes room. */
export class BoundedCache<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #capacity: number;
  readonly #create: (key: Key) => Value;

  /** @param create makes the value of a key; what it throws is passed on and not remembered */
  constructor(capacity: number, create: (key: Key) => Value) {
    this.#capacity = capacity;
    this.#create = create;
  }

  get(key: Key): Value {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = this.#create(key);
    if (this.#entries.size >= this.#capacity) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, value);
    return value;
  }
}
