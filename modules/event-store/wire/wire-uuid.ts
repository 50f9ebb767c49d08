import { readUuid, UUID_BYTES, writeUuid } from '../embedded/uuid-bytes.js';
import { shared } from './protocol.js';

/** The two forms in which the protocol writes a UUID; whoever reads says which one it wants. */
export type UuidForm = 'string' | 'structured';

/** Parses either form. @returns lower-case hyphenated text; empty if there is no UUID */
export function fromWireUuid(uuid: shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (!structured) return uuid?.getString().toLowerCase() ?? '';
  const bytes = Buffer.alloc(UUID_BYTES);
  bytes.writeBigInt64BE(BigInt(structured.getMostSignificantBits()), 0);
  bytes.writeBigInt64BE(BigInt(structured.getLeastSignificantBits()), 8);
  return readUuid(bytes, 0);
}

/** Writes a UUID, given as lower-case hyphenated text, in the form wanted. */
export function toWireUuid(id: string, form: UuidForm): shared.UUID {
  if (form === 'string') return new shared.UUID().setString(id);
  const bytes = Buffer.alloc(UUID_BYTES);
  writeUuid(bytes, 0, id);
  const structured = new shared.UUID.Structured()
    .setMostSignificantBits(bytes.readBigInt64BE(0).toString())
    .setLeastSignificantBits(bytes.readBigInt64BE(8).toString());
  return new shared.UUID().setStructured(structured);
}
