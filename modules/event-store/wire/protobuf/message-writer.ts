/** How a value of a field is written. */
export const WIRE_TYPE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Writes a protobuf message from its end to its beginning: the last field first, and of a message within the message the
 * content before its length, which is known by then. Nothing is measured beforehand and nothing is copied twice.
 */
export class MessageWriter {
  readonly #buffer: Buffer;
  #at: number;

  /** @param capacity at least as many bytes as the message will have: room is not made later */
  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity);
    this.#at = capacity;
  }

  /** What was written. */
  get message(): Buffer {
    return this.#buffer.subarray(this.#at);
  }

  /** Writes a field of an unsigned number. */
  number(field: number, value: number): void {
    this.#varint(value);
    this.#varint(field * 8 + WIRE_TYPE.varint);
  }

  /** Writes a field of a number beyond 2^53. */
  largeNumber(field: number, value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    this.#put(bytes);
    this.#varint(field * 8 + WIRE_TYPE.varint);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#put(value);
    this.#prefix(field, value.length);
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#at -= length;
    this.#buffer.write(value, this.#at, length, 'utf8');
    this.#prefix(field, length);
  }

  /** Marks where the content of a message within the message ends, before that is written. */
  mark(): number {
    return this.#at;
  }

  /** Makes what was written since `mark` the content of a field. */
  enclose(field: number, mark: number): void {
    this.#prefix(field, mark - this.#at);
  }

  #put(bytes: ArrayLike<number>): void {
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  #prefix(field: number, length: number): void {
    this.#varint(length);
    this.#varint(field * 8 + WIRE_TYPE.bytes);
  }

  #varint(value: number): void {
    let at = (this.#at -= varintBytes(value));
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest % 128) | 128;
    this.#buffer[at] = rest;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let limit = 128; value >= limit; limit *= 128) bytes++;
  return bytes;
}
