import fc from 'fast-check';
import { MessageReader } from './message-reader.js';
import { MessageWriter } from './message-writer.js';

const UINT64_MAX = 2n ** 64n - 1n;
const CAPACITY = 100_000;

/** What was written, read as field numbers and values by `read`. */
function fieldsOf<Value>(
  message: Uint8Array,
  read: (reader: MessageReader) => Value,
): [field: number, value: Value][] {
  const reader = new MessageReader(message);
  const fields: [number, Value][] = [];
  while (reader.next()) fields.push([reader.field, read(reader)]);
  return fields;
}

/** Goes over every field. */
function walked(message: Uint8Array): void {
  fieldsOf(message, (reader) => {
    reader.skip();
  });
}

function outcomeOf(message: Uint8Array): string {
  try {
    walked(message);
    return 'walked';
  } catch (error) {
    return (error as Error).name;
  }
}

describe('a message', () => {
  const field = fc.integer({ min: 1, max: 2_047 });

  it('gives numbers back', () => {
    fc.assert(
      fc.property(field, fc.maxSafeNat(), (number, value) => {
        const writer = new MessageWriter(CAPACITY);

        writer.number(number, value);

        expect(fieldsOf(writer.message, (reader) => reader.number())).toEqual([[number, value]]);
        expect(fieldsOf(writer.message, (reader) => reader.uint64())).toEqual([
          [number, BigInt(value)],
        ]);
      }),
    );
  });

  it('gives 64-bit numbers back, signed and unsigned', () => {
    fc.assert(
      fc.property(field, fc.bigInt({ min: 0n, max: UINT64_MAX }), (number, value) => {
        const writer = new MessageWriter(CAPACITY);

        writer.largeNumber(number, value);

        expect(fieldsOf(writer.message, (reader) => reader.uint64())).toEqual([[number, value]]);
        const signed = BigInt.asIntN(64, value);
        expect(fieldsOf(writer.message, (reader) => reader.int64())).toEqual([[number, signed]]);
      }),
    );
  });

  it('gives texts and bytes back', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(field, text, fc.uint8Array({ maxLength: 300 }), (number, name, data) => {
        const writer = new MessageWriter(CAPACITY);

        writer.bytes(number, data);
        writer.text(number, name);

        const reader = new MessageReader(writer.message);
        expect(reader.next() && reader.text()).toBe(name);
        expect(reader.next() && [...reader.bytes()]).toEqual([...data]);
        expect(reader.next()).toBe(false);
      }),
    );
  });

  it('holds messages within messages, and is walked over what is not wanted', () => {
    const writer = new MessageWriter(CAPACITY);
    const outer = writer.mark();
    writer.text(2, 'wanted');
    const inner = writer.mark();
    writer.number(1, 300);
    writer.enclose(1, inner);
    writer.enclose(3, outer);
    writer.number(1, 7);

    const reader = new MessageReader(writer.message);
    reader.next();
    reader.skip();
    reader.next();
    const nested = reader.nested();
    nested.next();
    nested.skip();
    nested.next();

    expect([reader.field, nested.field, nested.text()]).toEqual([3, 2, 'wanted']);
  });

  it.each([
    ['ends within a number', [0x08, 0x80]],
    ['ends within a text', [0x12, 0x05, 0x61]],
    ['has a number without end', [0x08, ...new Array<number>(12).fill(0xff)]],
    ['has no number for a field', [0x00, 0x01]],
    ['has a kind of field that there is not', [0x0b, 0x01]],
  ])('is none when it %s', (_, bytes) => {
    expect(() => {
      walked(Uint8Array.from(bytes));
    }).toThrow('no message of the protocol');
  });

  it('is none for who expects a field of another kind', () => {
    const writer = new MessageWriter(CAPACITY);
    writer.text(1, 'text');

    expect(() => fieldsOf(writer.message, (reader) => reader.number())).toThrow(RangeError);
  });

  it('of any bytes is walked to its end, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(outcomeOf(bytes)).toMatch(/^(walked|RangeError)$/);
      }),
    );
  });
});
