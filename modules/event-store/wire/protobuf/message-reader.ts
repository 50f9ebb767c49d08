import { WIRE_TYPE } from './message-writer.js';

const LARGEST_VARINT_BYTES = 10;

/**
 * Walks the fields of a protobuf message. `next` goes to the next one; its value is then read by the method that fits, or
 * left out with `skip`. What is no message, or has a field of another kind than is asked for, throws.
 */
export class MessageReader {
  readonly #buffer: Buffer;
  #at = 0;
  #field = 0;
  #wireType = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Number of the field that was gone to. */
  get field(): number {
    return this.#field;
  }

  /** Goes to the next field. @returns whether there is one */
  next(): boolean {
    if (this.#at >= this.#buffer.length) return false;
    const tag = this.#varint();
    this.#field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.#field === 0) malformed();
    return true;
  }

  /** A number below 2^53; larger ones lose their last digits. */
  number(): number {
    this.#expect(WIRE_TYPE.varint);
    return this.#varint();
  }

  /** An unsigned 64-bit number. */
  uint64(): bigint {
    this.#expect(WIRE_TYPE.varint);
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    return malformed();
  }

  /** A signed 64-bit number. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** Bytes, or another message: a view of the message's own. */
  bytes(): Buffer {
    this.#expect(WIRE_TYPE.bytes);
    return this.#take(this.#varint());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** A message within the message. */
  nested(): MessageReader {
    return new MessageReader(this.bytes());
  }

  /** Goes over the value of the field, whatever it is. */
  skip(): void {
    if (this.#wireType === WIRE_TYPE.varint) this.#varint();
    else if (this.#wireType === WIRE_TYPE.bytes) this.#take(this.#varint());
    else if (this.#wireType === WIRE_TYPE.fixed64) this.#take(8);
    else if (this.#wireType === WIRE_TYPE.fixed32) this.#take(4);
    else malformed();
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) malformed();
  }

  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let count = 0; count < LARGEST_VARINT_BYTES; count++) {
      const byte = this.#byte();
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
    return malformed();
  }

  #byte(): number {
    return this.#buffer[this.#at++] ?? malformed();
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#buffer.length) malformed();
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

function malformed(): never {
  throw new RangeError('This is no message of the protocol');
}
