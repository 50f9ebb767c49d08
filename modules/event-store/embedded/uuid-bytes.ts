const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** Length of a UUID as bytes. */
export const UUID_BYTES = 16;

/** Whether `text` is a UUID in lower-case hyphenated form; the nil UUID, which event stores refuse, is not one. */
export function isUuid(text: string): boolean {
  return UUID.test(text) && text !== NIL_UUID;
}

/** Writes a UUID for which `isUuid` holds as 16 bytes. */
export function writeUuid(target: Uint8Array, offset: number, uuid: string): void {
  let at = offset;
  for (let index = 0; index < 36; index += 2) {
    if (index === 8 || index === 13 || index === 18 || index === 23) index++;
    target[at++] = (nibble(uuid.charCodeAt(index)) << 4) | nibble(uuid.charCodeAt(index + 1));
  }
}

function nibble(charCode: number): number {
  return charCode < 58 ? charCode - 48 : charCode - 87;
}

/** The text of the UUID that `writeUuid` wrote at `offset`. */
export function readUuid(source: Buffer, offset: number): string {
  const hex = source.toString('hex', offset, offset + UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
