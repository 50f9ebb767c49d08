import { registerDecorator, type ValidationOptions } from 'class-validator';
import ipaddr from 'ipaddr.js';
import { parseEgressProxy } from '../../modules/sending/index.js';

/** A network in CIDR notation, IPv4 or IPv6, with no bit set behind its prefix. */
export function IsCidr(options?: ValidationOptions): PropertyDecorator {
  return constraint('isCidr', isCidr, options);
}

/** URL of an HTTP proxy: scheme, host, and port where it is not that of the scheme. */
export function IsEgressProxy(): PropertyDecorator {
  return constraint(
    'isEgressProxy',
    (value) => typeof value === 'string' && typeof parseEgressProxy(value) !== 'string',
  );
}

/** Base64 of exactly 32 bytes; or several, each with an id, separated by commas. */
export function IsEncryptionKey(): PropertyDecorator {
  return constraint(
    'isEncryptionKey',
    (value) => typeof value === 'string' && value.split(',').every(isEncryptionKey),
  );
}

function constraint(
  name: string,
  validate: (value: unknown) => boolean,
  options?: ValidationOptions,
): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      ...(options && { options }),
      validator: { validate },
    });
  };
}

function isCidr(value: unknown): boolean {
  if (typeof value !== 'string' || !ipaddr.isValidCIDR(value)) return false;
  const [address, prefix] = ipaddr.parseCIDR(value);
  const network =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(value)
      : ipaddr.IPv6.networkAddressFromCIDR(value);
  return prefix >= 0 && network.toNormalizedString() === address.toNormalizedString();
}

function isEncryptionKey(part: string): boolean {
  const key = /^(?:[\w-]{1,32}:)?([^:]+)$/.exec(part.trim())?.[1] ?? '';
  const bytes = Buffer.from(key, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === key;
}
