/**
 * Every IPv4 address that a translator or tunnel could read out of an IPv6 address (16 bytes): IPv4-mapped and
 * -compatible, NAT64 with any /96 prefix and ISATAP (the last 32 bits), NAT64 under 64:ff9b:1::/48 (RFC 8215) in the
 * layouts of RFC 6052, 6to4 (RFC 3056), and the client of Teredo (RFC 4380).
 *
 * Some of them are accidental: an address that is in no such network has 32 last bits, too.
 */
export function embeddedIPv4Addresses(bytes: readonly number[]): number[][] {
  const found = [bytes.slice(12)];
  if (startsWith(bytes, [0x20, 0x02])) found.push(bytes.slice(2, 6));
  if (startsWith(bytes, [0x20, 0x01, 0x00, 0x00])) {
    found.push(bytes.slice(12).map((byte) => byte ^ 0xff));
  }
  if (startsWith(bytes, [0x00, 0x64, 0xff, 0x9b, 0x00, 0x01])) {
    found.push([...bytes.slice(6, 8), ...bytes.slice(9, 11)]);
    found.push([...bytes.slice(7, 8), ...bytes.slice(9, 12)]);
    found.push(bytes.slice(9, 13));
  }
  return found;
}

function startsWith(bytes: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
