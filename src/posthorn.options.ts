import type { EventStoreDBClient } from '@eventstore/db-client';
import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { Clock } from '../modules/kernel/index.js';
import type { EventStore } from '../modules/event-store/index.js';
import type { TenantResolver } from '../modules/tenancy/index.js';
import type { SecretResolver } from '../modules/registry/index.js';
import type { SendingOptions } from '../modules/sending/index.js';
import type { PosthornConfigOptions } from './config/load-config.js';

/** What an application can say about Posthorn: every setting, and what only code can say. */
export interface PosthornOptions extends PosthornConfigOptions {
  /** Gives the tenant of an event where it is not in the event's metadata. When both give one, they have to agree. */
  readonly tenantResolver?: TenantResolver;
  /**
   * Looks up secrets that webhooks refer to (`secretRef`) in a vault of the application, when they are needed. Default:
   * none, and references are refused.
   */
  readonly secretResolver?: SecretResolver;
  /** The only event types that webhooks may name. Default: any. */
  readonly knownEventTypes?: readonly string[];
  /** Certificates, limits and steps of the connections to endpoints, beyond the settings. */
  readonly sending?: Omit<
    SendingOptions,
    'isHttpAllowed' | 'allowedNetworks' | 'deniedNetworks' | 'egressProxy' | 'clock'
  >;
  /**
   * An event store that is open already, and stays open: whoever opened it closes it. Default: the one at `eventStoreUrl`;
   * without that, the embedded one in the data folder.
   */
  readonly eventStore?: EventStore;
  /**
   * The application's own client of `@eventstore/db-client`, for what Posthorn appends and reads; it is never disposed. Set
   * `eventStoreUrl` too: then Posthorn's subscriptions have a connection of their own, and acknowledgements do not wait
   * behind appends. Default: a client of Posthorn's own.
   */
  readonly client?: EventStoreDBClient;
  /** Time, as Posthorn sees it. Default: that of the machine. */
  readonly clock?: Clock;
}

/** What decides which modules there are, and so has to be known before any factory runs. */
export interface PosthornFaces {
  /** Mounts the REST face under `/api/v1` in the application's own HTTP server. Default: false. */
  readonly admin?: boolean;
}

/** `PosthornOptions` that a factory makes, with what other modules provide. */
export interface PosthornAsyncOptions extends PosthornFaces, Pick<ModuleMetadata, 'imports'> {
  readonly inject?: NonNullable<FactoryProvider['inject']>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected is typed by the factory
  readonly useFactory: (...injected: any[]) => PosthornOptions | Promise<PosthornOptions>;
}
