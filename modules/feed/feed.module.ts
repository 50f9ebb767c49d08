import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { Feed } from './feed.js';

/** What the feed module stands on. */
export interface FeedModuleOptions {
  /**
   * Modules that provide `EVENT_STORE`, `STREAM_NAMES`, `CLOCK`, `WEBHOOK_DIRECTORY`, `FEED_OPTIONS`,
   * `TENANCY_OPTIONS` and `DISPATCH_OBSERVED`.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/** The feed; it starts, pauses and closes when the shell says so. */
@Module({})
export class FeedModule {
  static forRoot(options: FeedModuleOptions): DynamicModule {
    return {
      module: FeedModule,
      imports: options.imports,
      providers: [Feed],
      exports: [Feed],
    };
  }
}
