import fc from 'fast-check';
import { shared } from './protocol.js';
import { fromWireUuid, toWireUuid } from './wire-uuid.js';

describe('a UUID on the wire', () => {
  it('is the same in either form', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom('string', 'structured'), (id, form) => {
        const sent = toWireUuid(id, form).serializeBinary();

        expect(fromWireUuid(shared.UUID.deserializeBinary(sent))).toBe(id);
      }),
    );
  });

  it('is read in lower case', () => {
    const uuid = new shared.UUID().setString('FEDCBA98-7654-4321-8FED-CBA987654321');

    expect(fromWireUuid(uuid)).toBe('fedcba98-7654-4321-8fed-cba987654321');
  });

  it('is empty where there is none', () => {
    expect(fromWireUuid(undefined)).toBe('');
  });
});
