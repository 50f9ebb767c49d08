import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import {
  DiscardDeliveryHandler,
  ReplayDeliveryHandler,
  TestWebhookHandler,
} from './delivery.commands.js';
import { DeliveryEngine } from './delivery-engine.js';
import { GetLaneHandler } from './lane.query.js';

/** What the delivery module stands on. */
export interface DeliveryModuleOptions {
  /**
   * Modules that provide `EVENT_STORE`, `STREAM_NAMES`, `CLOCK`, `WEBHOOK_DIRECTORY`, `SENDER`, `DUE_DELIVERIES`, `ENDPOINT_STANDINGS`,
   * `EARLIER_EVENTS` and `DELIVERY_OPTIONS`.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/**
 * The delivery engine and its commands. It starts and drains when the shell says so (`DeliveryEngine.start`, `drain`),
 * since both have to happen at their place among the other rooms.
 */
@Module({})
export class DeliveryModule {
  static forRoot(options: DeliveryModuleOptions): DynamicModule {
    return {
      module: DeliveryModule,
      imports: [CqrsModule, ...options.imports],
      providers: [
        DeliveryEngine,
        ReplayDeliveryHandler,
        DiscardDeliveryHandler,
        TestWebhookHandler,
        GetLaneHandler,
      ],
      exports: [DeliveryEngine],
    };
  }
}
