import type { RecordedEvent } from '@eventstore/db-client';
import { PosthornError } from '../kernel/index.js';
import type { TenancyOptions } from './tenancy.options.js';

const LONGEST_TENANT_ID = 256;

/**
 * The tenant of an event: by the resolver, by the metadata, or both, which then have to agree. Fails closed.
 *
 * @returns `null` for an event without a tenant
 * @throws PosthornError `PSH_FEED_TENANT_MISMATCH`, `PSH_FEED_TENANT_INVALID`
 */
export function tenantOf(event: RecordedEvent, options: TenancyOptions): string | null {
  const inMetadata = checked(metadataValue(event.metadata, options.metadataKey));
  if (!options.resolver) return inMetadata;
  const resolved = checked(options.resolver(event));
  if (inMetadata !== null && resolved !== inMetadata) {
    throw new PosthornError('PSH_FEED_TENANT_MISMATCH');
  }
  return resolved;
}

function metadataValue(metadata: unknown, key: string): unknown {
  const isObject = typeof metadata === 'object' && metadata !== null;
  if (!isObject || metadata instanceof Uint8Array || !Object.hasOwn(metadata, key))
    return undefined;
  return (metadata as Readonly<Record<string, unknown>>)[key];
}

function checked(tenant: unknown): string | null {
  if (tenant === undefined || tenant === null) return null;
  if (typeof tenant !== 'string' || tenant === '' || tenant.length > LONGEST_TENANT_ID) {
    throw new PosthornError('PSH_FEED_TENANT_INVALID');
  }
  return tenant;
}
