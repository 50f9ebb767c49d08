/**
 * IPv4 networks that are not the public Internet.
 * Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast (RFC 5771).
 */
export const SPECIAL_IPV4_NETWORKS = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local
  '172.16.0.0/12', // private
  '192.0.0.0/24', // IETF protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relay anycast, deprecated
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and limited broadcast
] as const;

/**
 * The only IPv6 network with public hosts (RFC 4291): everything outside it, loopback, unique-local, link-local,
 * site-local, multicast, IPv4-compatible, discard and translation prefixes among it, is special.
 */
export const PUBLIC_IPV6_NETWORK = '2000::/3';

/** Networks inside `PUBLIC_IPV6_NETWORK` that are special. Source: IANA IPv6 Special-Purpose Address Registry. */
export const SPECIAL_IPV6_NETWORKS = [
  '2001::/23', // IETF protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: reaches the IPv4 address inside it
  '3fff::/20', // documentation
] as const;

/** Addresses that stand for the IPv4 address in their last 32 bits, and are judged as that address. */
export const IPV4_IN_IPV6_NETWORKS = [
  '::ffff:0:0/96', // IPv4-mapped (RFC 4291)
  '64:ff9b::/96', // NAT64 (RFC 6052)
] as const;

/**
 * Networks in which the cloud providers put services that hand secrets to whoever can reach them. They are refused as a
 * whole: new ones come where the old ones are (Azure's identity endpoints, Tencent's, node-local ones of Kubernetes).
 */
export const METADATA_NETWORKS = [
  '169.254.0.0/16', // link-local: nearly every provider
  'fd00:ec2::/32', // AWS
] as const;

/** Instance metadata and credential services of the cloud providers that are elsewhere. */
export const METADATA_ADDRESSES = [
  '169.254.169.254', // AWS, Azure, Google Cloud, DigitalOcean, Hetzner, Oracle, OpenStack
  '169.254.170.2', // AWS ECS task credentials
  '169.254.170.23', // AWS EKS pod identity
  '169.254.42.42', // Scaleway
  '169.254.0.23', // Tencent Cloud
  '100.100.100.200', // Alibaba Cloud
  '100.96.0.96', // Volcano Engine
  '168.63.129.16', // Azure wire server
  '192.0.0.192', // Oracle Cloud Classic
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS EKS pod identity
  'fd20:ce::254', // Google Cloud
  'fd00:c1::a9fe:a9fe', // Oracle Cloud
  'fd00:42::42', // Scaleway
  'fd00:a9fe:a9fe::1', // Akamai
  'fd00:100::100:200', // Alibaba Cloud
  'fe80::a9fe:a9fe', // OpenStack
] as const;
