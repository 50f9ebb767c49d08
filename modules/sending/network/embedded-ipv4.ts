/**
 * The IPv4 addresses that a translator or tunnel reads out of an IPv6 address (16 bytes) in one of the networks made for
 * that: IPv4-mapped and -compatible (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052) under both of its prefixes,
 * 6to4 (RFC 3056), the client of Teredo (RFC 4380), ISATAP (RFC 5214).
 */
export function embeddedIPv4Addresses(bytes: readonly number[]): number[][] {
  const found: number[][] = [];
  if (IN_LAST_BITS.some((prefix) => startsWith(bytes, prefix)) || isIsatap(bytes)) {
    found.push(lastIPv4Address(bytes));
  }
  if (startsWith(bytes, [0x20, 0x02])) found.push(bytes.slice(2, 6));
  if (startsWith(bytes, [0x20, 0x01, 0x00, 0x00])) {
    found.push(bytes.slice(12).map((byte) => byte ^ 0xff));
  }
  if (startsWith(bytes, LOCAL_NAT64)) {
    found.push([...bytes.slice(6, 8), ...bytes.slice(9, 11)]);
    found.push([...bytes.slice(7, 8), ...bytes.slice(9, 12)]);
    found.push(bytes.slice(9, 13));
  }
  return found;
}

/** The last 32 bits: where NAT64 with a /96 prefix of the operator's own (RFC 6052) has the IPv4 address. */
export function lastIPv4Address(bytes: readonly number[]): number[] {
  return bytes.slice(-4);
}

/** Whether the interface identifier is one of ISATAP: the host tunnels to the IPv4 address inside of it. */
export function isIsatap(bytes: readonly number[]): boolean {
  const identifier = bytes.slice(8);
  return startsWith(identifier, [0, 0, 0x5e, 0xfe]) || startsWith(identifier, [2, 0, 0x5e, 0xfe]);
}

/** RFC 8215: 64:ff9b:1::/48, in which an operator chooses one of the layouts of RFC 6052. */
const LOCAL_NAT64 = [0x00, 0x64, 0xff, 0x9b, 0x00, 0x01];

/** Networks whose last 32 bits are an IPv4 address. */
const IN_LAST_BITS = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // ::/96
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], // ::ffff:0:0/96
  [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], // ::ffff:0:0:0/96
  [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], // 64:ff9b::/96
  LOCAL_NAT64,
];

function startsWith(bytes: readonly number[], prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
