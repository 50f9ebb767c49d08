import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { EVENT_STORE, STREAM_NAMES, type StreamNames } from '../event-store/index.js';
import { WEBHOOK_DIRECTORY, type WebhookDirectory } from '../registry/index.js';
import { TENANCY_OPTIONS, type TenancyOptions } from '../tenancy/index.js';
import { Feed } from './feed.js';
import { FEED_OPTIONS } from './feed.options.js';
import { Membership } from './membership.js';
import { OBSERVED_POSITION } from './observed-position.port.js';
import { observedPosition } from './observed-position.js';

/** What the feed module stands on. */
export interface FeedModuleOptions {
  /**
   * Modules that provide `EVENT_STORE`, `STREAM_NAMES`, `CLOCK`, `WEBHOOK_DIRECTORY`, `FEED_OPTIONS`,
   * `TENANCY_OPTIONS` and `DISPATCH_OBSERVED`.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/**
 * The feed, which starts, pauses and closes when the shell says so; how far the consumer group is (`OBSERVED_POSITION`);
 * and which webhooks an event is a member of (`Membership`).
 */
@Module({})
export class FeedModule {
  static forRoot(options: FeedModuleOptions): DynamicModule {
    return {
      module: FeedModule,
      imports: options.imports,
      providers: [
        Feed,
        {
          provide: Membership,
          inject: [WEBHOOK_DIRECTORY, STREAM_NAMES, TENANCY_OPTIONS],
          useFactory: (
            directory: WebhookDirectory,
            names: StreamNames,
            tenancy: TenancyOptions,
          ): Membership => new Membership(directory, names, tenancy),
        },
        {
          provide: OBSERVED_POSITION,
          inject: [EVENT_STORE, FEED_OPTIONS],
          useFactory: observedPosition,
        },
      ],
      exports: [Feed, Membership, OBSERVED_POSITION],
    };
  }
}
