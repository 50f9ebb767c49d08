import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type FieldProblem, PosthornError } from '../../kernel/index.js';
import { embeddedIPv4Addresses } from './embedded-ipv4.js';
import {
  IPV4_IN_IPV6_NETWORKS,
  METADATA_IPV4_ADDRESSES,
  METADATA_IPV6_ADDRESSES,
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
  [...METADATA_IPV4_ADDRESSES, ...METADATA_IPV6_ADDRESSES].map((address) =>
    ipaddr.parse(address).toString(),
  ),
);

/**
 * Which addresses may be dialled: public ones, and what the operator allows. It judges addresses, never names, so that
 * it can be asked about exactly the address that is dialled.
 *
 * Metadata services are refused whatever is allowed, also inside an IPv6 address that translates to them.
 */
export class NetworkPolicy {
  readonly #allowed: readonly Network[];

  /**
   * @param allowedNetworks private targets that may be dialled, as CIDR: `10.1.0.0/16`, `::1/128`
   * @throws PosthornError PSH_SENDING_INVALID_OPTIONS with one problem per malformed network
   */
  constructor(allowedNetworks: readonly string[] = []) {
    const problems = networkProblems(allowedNetworks);
    if (problems.length > 0) {
      throw new PosthornError('PSH_SENDING_INVALID_OPTIONS', undefined, { problems });
    }
    this.#allowed = allowedNetworks.map(toNetwork);
  }

  /** Whether `address`, an IP address in text form, may be dialled. What is no address may not. */
  isAllowed(address: string): boolean {
    if (isIP(address) === 0) return false;
    const literal = ipaddr.parse(address);
    if (isMetadata(literal)) return false;
    const judged = asIPv4(literal) ?? literal;
    if (this.#allows(judged) || this.#allows(literal)) return true;
    return isPublic(judged);
  }

  #allows(address: Address): boolean {
    return this.#allowed.some((network) => contains(network, address));
  }
}

/** One problem for each text that is no CIDR network. */
export function networkProblems(networks: readonly string[]): FieldProblem[] {
  return networks.flatMap((text, index) => {
    const isNetwork =
      ipaddr.IPv4.isValidCIDRFourPartDecimal(text) ||
      (text.includes(':') && ipaddr.IPv6.isValidCIDR(text));
    if (isNetwork) return [];
    return {
      field: `allowedNetworks[${index}]`,
      message: `${JSON.stringify(text)} is not a network`,
      fix: 'Write a network in CIDR notation, such as 10.1.0.0/16 or ::1/128.',
    };
  });
}

function toNetwork(text: string): Network {
  return ipaddr.parseCIDR(text);
}

function contains(network: Network, address: Address): boolean {
  return network[0].kind() === address.kind() && address.match(network);
}

function asIPv4(address: Address): Address | undefined {
  if (!IPV4_IN_IPV6.some((network) => contains(network, address))) return undefined;
  return ipaddr.fromByteArray(address.toByteArray().slice(-4));
}

function isPublic(address: Address): boolean {
  if (address.kind() === 'ipv6' && !contains(PUBLIC_IPV6, address)) return false;
  return !SPECIAL_NETWORKS.some((network) => contains(network, address));
}

function isMetadata(address: Address): boolean {
  const bytes = address.toByteArray();
  const forms = bytes.length === 16 ? [bytes, ...embeddedIPv4Addresses(bytes)] : [bytes];
  return forms.some((form) => METADATA.has(ipaddr.fromByteArray([...form]).toString()));
}
