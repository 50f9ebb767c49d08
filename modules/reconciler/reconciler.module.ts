import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { DELIVERY_OPTIONS, type DeliveryOptions } from '../delivery/index.js';
import { GetAuditHandler } from './get-audit.query.js';
import { Reconciler } from './reconciler.js';
import {
  RECONCILER_DEFAULTS,
  RECONCILER_OPTIONS,
  type ReconcilerOptions,
} from './reconciler.options.js';

/** What the reconciler stands on. */
export interface ReconcilerModuleOptions {
  /**
   * Modules that provide `EVENT_STORE`, `STREAM_NAMES`, `CLOCK`, `DELIVERY_OPTIONS`, `Membership`, `OBSERVED_POSITION`,
   * `KNOWN_DELIVERIES` and `RECONCILE_DELIVERY`.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/** The reconciler; it starts and closes when the shell says so. */
@Module({})
export class ReconcilerModule {
  static forRoot({ imports }: ReconcilerModuleOptions): DynamicModule {
    return {
      module: ReconcilerModule,
      imports,
      providers: [
        Reconciler,
        GetAuditHandler,
        { provide: RECONCILER_OPTIONS, inject: [DELIVERY_OPTIONS], useFactory: optionsFor },
      ],
      exports: [Reconciler],
    };
  }
}

/** Whoever sends within the inline window has to have recorded it when the event is audited. */
function optionsFor({
  inlineWindowMs,
}: Pick<DeliveryOptions, 'inlineWindowMs'>): ReconcilerOptions {
  const roundMs = Math.max(RECONCILER_DEFAULTS.roundMs, 2 * inlineWindowMs);
  return { ...RECONCILER_DEFAULTS, roundMs };
}
