import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { Backfills } from './backfills.js';

/** What the backfill module stands on. */
export interface BackfillModuleOptions {
  /**
   * Modules that provide `EVENT_STORE`, `STREAM_NAMES`, `CLOCK`, `TENANCY_OPTIONS`, `RegistryDirectory` and
   * `SCHEDULE_HISTORY`.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/** The backfills; they start and close when the shell says so. */
@Module({})
export class BackfillModule {
  static forRoot({ imports }: BackfillModuleOptions): DynamicModule {
    return { module: BackfillModule, imports, providers: [Backfills], exports: [Backfills] };
  }
}
