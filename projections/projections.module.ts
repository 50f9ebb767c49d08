import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ENDPOINT_STANDINGS } from '../modules/delivery/endpoint-standing.port.js';
import { DUE_DELIVERIES } from '../modules/delivery/due-deliveries.port.js';
import { DEAD_LETTERS } from '../modules/replay/dead-letters.port.js';
import { REPLAY_INDEX } from '../modules/replay/replay-index.port.js';
import { KNOWN_DELIVERIES } from '../modules/reconciler/known-deliveries.port.js';
import { DeadLettersAdapter } from './deliveries/dead-letters.adapter.js';
import { DeliveryPages } from './deliveries/delivery-pages.js';
import { GetDeadLettersHandler } from './deliveries/get-dead-letters.query.js';
import { GetDeliveriesHandler } from './deliveries/get-deliveries.query.js';
import { GetDeliveryHandler } from './deliveries/get-delivery.query.js';
import { GetUndeliveredHandler } from './deliveries/get-undelivered.query.js';
import { DueDeliveriesAdapter } from './due-deliveries/due-deliveries.adapter.js';
import { EndpointStandingsAdapter } from './endpoint-health/endpoint-standings.adapter.js';
import { GetEndpointHealthHandler } from './endpoint-health/get-endpoint-health.query.js';
import { ReplayIndexAdapter } from './replays/replay-index.adapter.js';
import { KnownDeliveriesAdapter } from './deliveries/known-deliveries.adapter.js';
import { READ_MODEL_OPTIONS, type ReadModelOptions } from './runtime/read-model.options.js';
import { ReadModels } from './runtime/read-models.js';
import { GetWebhookHandler } from './webhooks/get-webhook.query.js';
import { GetWebhookRevisionsHandler } from './webhooks/get-webhook-revisions.query.js';
import { GetWebhooksHandler } from './webhooks/get-webhooks.query.js';

type Imports = NonNullable<ModuleMetadata['imports']>;

export interface ProjectionsModuleOptions extends ReadModelOptions {
  /** Modules that provide `EVENT_STORE`, `STREAM_NAMES` and `CLOCK`; default: global ones do. */
  readonly imports?: Imports;
}

/** Options that are only known when the application starts. */
export interface ProjectionsModuleAsyncOptions {
  /** Modules that provide `EVENT_STORE`, `STREAM_NAMES` and `CLOCK`, and what the factory needs. */
  readonly imports?: Imports;
  readonly inject?: readonly symbol[];
  readonly useFactory: (...dependencies: never[]) => ReadModelOptions | Promise<ReadModelOptions>;
}

/**
 * The read models: they follow the log from the moment the application is initialized, and answer the queries of
 * `@nestjs/cqrs`, the due index (`DUE_DELIVERIES`), how endpoints stand (`ENDPOINT_STANDINGS`), the dead letters (`DEAD_LETTERS`) and the replays
 * (`REPLAY_INDEX`).
 */
@Module({})
export class ProjectionsModule {
  static forRoot({ imports = [], ...options }: ProjectionsModuleOptions): DynamicModule {
    return moduleWith({ provide: READ_MODEL_OPTIONS, useValue: options }, imports);
  }

  /** Like `forRoot`, with options that a factory makes when the application starts. */
  static forRootAsync(options: ProjectionsModuleAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory } = options;
    return moduleWith({ provide: READ_MODEL_OPTIONS, inject: [...inject], useFactory }, imports);
  }
}

function moduleWith(options: Provider, imports: Imports): DynamicModule {
  return {
    module: ProjectionsModule,
    imports,
    providers: [
      options,
      ReadModels,
      DeliveryPages,
      { provide: DUE_DELIVERIES, useClass: DueDeliveriesAdapter },
      { provide: ENDPOINT_STANDINGS, useClass: EndpointStandingsAdapter },
      { provide: DEAD_LETTERS, useClass: DeadLettersAdapter },
      { provide: KNOWN_DELIVERIES, useClass: KnownDeliveriesAdapter },
      { provide: REPLAY_INDEX, useClass: ReplayIndexAdapter },
      GetDeliveriesHandler,
      GetDeliveryHandler,
      GetDeadLettersHandler,
      GetUndeliveredHandler,
      GetEndpointHealthHandler,
      GetWebhookHandler,
      GetWebhooksHandler,
      GetWebhookRevisionsHandler,
    ],
    exports: [
      ReadModels,
      DUE_DELIVERIES,
      ENDPOINT_STANDINGS,
      DEAD_LETTERS,
      KNOWN_DELIVERIES,
      REPLAY_INDEX,
    ],
  };
}
