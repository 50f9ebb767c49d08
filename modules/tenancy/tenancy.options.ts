import type { RecordedEvent } from '@eventstore/db-client';

/** Gives the tenant of an event; `null` for none. */
export type TenantResolver = (event: RecordedEvent) => string | null;

/** How the tenant of an event is found. */
export interface TenancyOptions {
  /** Key of the event metadata that names the tenant. Default `tenantId`. */
  readonly metadataKey: string;
  /** Where the tenant is not, or not only, in the metadata. When both give one, they have to agree. */
  readonly resolver?: TenantResolver;
}

export const TENANCY_DEFAULTS = { metadataKey: 'tenantId' } as const satisfies TenancyOptions;

/** Injection token of the `TenancyOptions`. */
export const TENANCY_OPTIONS = Symbol('posthorn.TenancyOptions');
