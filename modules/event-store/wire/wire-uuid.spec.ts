import fc from 'fast-check';
import { MessageReader } from './protobuf/message-reader.js';
import { MessageWriter } from './protobuf/message-writer.js';
import { shared } from './protocol.js';
import { readWireUuid, structuredUuid, writeWireUuid } from './wire-uuid.js';

const FIELD = 3;

function written(id: string, form: 'string' | 'structured'): Buffer {
  const writer = new MessageWriter(100);
  writeWireUuid(writer, FIELD, id, form);
  const reader = new MessageReader(writer.message);
  reader.next();
  return reader.bytes();
}

function read(uuid: shared.UUID): string {
  return readWireUuid(new MessageReader(uuid.serializeBinary()));
}

describe('a UUID on the wire', () => {
  it('is the same in either form', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom('string', 'structured'), (id, form) => {
        expect(readWireUuid(new MessageReader(written(id, form)))).toBe(id);
      }),
    );
  });

  it('has the form that official clients read and write', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        const text = shared.UUID.deserializeBinary(written(id, 'string'));
        const halves = shared.UUID.deserializeBinary(written(id, 'structured'));

        expect(text.getString()).toBe(id);
        expect(halves.toObject()).toEqual(structuredUuid(id).toObject());
        expect(read(structuredUuid(id))).toBe(id);
      }),
    );
  });

  it('is read in lower case', () => {
    const uuid = new shared.UUID().setString('FEDCBA98-7654-4321-8FED-CBA987654321');

    expect(read(uuid)).toBe('fedcba98-7654-4321-8fed-cba987654321');
  });

  it('is empty where there is none', () => {
    expect(read(new shared.UUID())).toBe('');
  });
});
