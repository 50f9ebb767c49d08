import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type FieldProblem, PosthornError } from '../../kernel/index.js';
import { embeddedIPv4Addresses, isIsatap, lastIPv4Address } from './embedded-ipv4.js';
import {
  IPV4_IN_IPV6_NETWORKS,
  METADATA_ADDRESSES,
  METADATA_NETWORKS,
  PUBLIC_IPV6_NETWORK,
  SPECIAL_IPV4_NETWORKS,
  SPECIAL_IPV6_NETWORKS,
} from './special-networks.js';

type Network = ReturnType<typeof ipaddr.parseCIDR>;
type Address = ReturnType<typeof ipaddr.parse>;

const SPECIAL_NETWORKS = [...SPECIAL_IPV4_NETWORKS, ...SPECIAL_IPV6_NETWORKS].map(toNetwork);
const PUBLIC_IPV6 = toNetwork(PUBLIC_IPV6_NETWORK);
const IPV4_IN_IPV6 = IPV4_IN_IPV6_NETWORKS.map(toNetwork);
const METADATA: ReadonlySet<string> = new Set(
  METADATA_ADDRESSES.map((address) => ipaddr.parse(address).toString()),
);

/**
 * Which addresses may be dialled: public ones, and what the operator allows. It judges addresses, never names, so that
 * it can be asked about exactly the address that is dialled.
 *
 * Metadata services, and what the operator denies, are refused whatever is allowed, also inside of an IPv6 address that
 * translates to them. A policy never changes: a connection that it allowed stays allowed for as long as it is open.
 */
export class NetworkPolicy {
  readonly #allowed: readonly Network[];
  readonly #denied: readonly Network[];

  /**
   * @param allowedNetworks private targets that may be dialled, as CIDR: `10.1.0.0/16`, `::1/128`. IPv4-mapped and NAT64
   * addresses are judged as the IPv4 address inside of them, so that is what has to be allowed
   * @param deniedNetworks targets that may not be dialled although they are public or allowed, as CIDR
   * @throws PosthornError PSH_SENDING_INVALID_OPTIONS with one problem per malformed network
   */
  constructor(allowedNetworks: readonly string[] = [], deniedNetworks: readonly string[] = []) {
    const problems = [
      ...networkProblems('allowedNetworks', allowedNetworks),
      ...networkProblems('deniedNetworks', deniedNetworks),
    ];
    if (problems.length > 0) {
      throw new PosthornError('PSH_SENDING_INVALID_OPTIONS', undefined, { problems });
    }
    this.#allowed = allowedNetworks.map(toNetwork);
    this.#denied = [...METADATA_NETWORKS, ...deniedNetworks].map(toNetwork);
  }

  /** Whether `address`, an IP address in text form, may be dialled. What is no address may not. */
  isAllowed(address: string): boolean {
    if (isIP(address) === 0) return false;
    const literal = ipaddr.parse(address);
    if (this.#isDenied(literal)) return false;
    const judged = asIPv4(literal) ?? literal;
    return isIn(this.#allowed, judged) || isPublic(judged);
  }

  #isDenied(address: Address): boolean {
    // From its bytes: the zone of a scoped address is no part of what it is compared with.
    const bytes = address.toByteArray();
    const forms = [bytes, ...(bytes.length === 16 ? embeddedIPv4Addresses(bytes) : [])].map(
      fromBytes,
    );
    // Any network may be the prefix of somebody's NAT64. That is no ground for refusing one public address in 65,536
    // because its last bits look link-local, but it is for the few exact addresses that hand out secrets.
    const exact = [...forms, fromBytes(lastIPv4Address(bytes))];
    return (
      exact.some((form) => METADATA.has(form.toString())) ||
      forms.some((form) => isIn(this.#denied, form))
    );
  }
}

/** One problem for each text that is no CIDR network. */
export function networkProblems(field: string, networks: readonly string[]): FieldProblem[] {
  return networks.flatMap((text, index) => {
    const isNetwork =
      ipaddr.IPv4.isValidCIDRFourPartDecimal(text) ||
      (text.includes(':') && ipaddr.IPv6.isValidCIDR(text));
    if (isNetwork) return [];
    return {
      field: `${field}[${index}]`,
      message: `${JSON.stringify(text)} is not a network`,
      fix: 'Write a network in CIDR notation, such as 10.1.0.0/16 or ::1/128.',
    };
  });
}

function toNetwork(text: string): Network {
  return ipaddr.parseCIDR(text);
}

function fromBytes(bytes: number[]): Address {
  return ipaddr.fromByteArray(bytes);
}

function isIn(networks: readonly Network[], address: Address): boolean {
  return networks.some((network) => network[0].kind() === address.kind() && address.match(network));
}

function asIPv4(address: Address): Address | undefined {
  if (!isIn(IPV4_IN_IPV6, address)) return undefined;
  return fromBytes(lastIPv4Address(address.toByteArray()));
}

function isPublic(address: Address): boolean {
  if (isIn(SPECIAL_NETWORKS, address)) return false;
  if (address.kind() === 'ipv4') return true;
  return isIn([PUBLIC_IPV6], address) && !isIsatap(address.toByteArray());
}
