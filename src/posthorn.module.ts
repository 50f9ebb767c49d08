import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { DeliveryEngine, DeliveryModule, deliveryIdOf } from '../modules/delivery/index.js';
import {
  EventStoreModule,
  type EventStoreModuleOptions,
  STREAM_NAMES,
  type StreamNames,
} from '../modules/event-store/index.js';
import { DISPATCH_OBSERVED, type DispatchObserved, FeedModule } from '../modules/feed/index.js';
import { CLOCK, type Clock } from '../modules/kernel/index.js';
import {
  RECONCILE_DELIVERY,
  type ReconcileDelivery,
  ReconcilerModule,
} from '../modules/reconciler/index.js';
import { KeyRing, type RegistryOptions, RegistryModule } from '../modules/registry/index.js';
import { PAST_DELIVERIES, type PastDeliveries, ReplayModule } from '../modules/replay/index.js';
import { SendingModule, type SendingOptions } from '../modules/sending/index.js';
import { ProjectionsModule } from '../projections/index.js';
import type { PosthornConfig } from './config/posthorn-config.js';
import type { PosthornAsyncOptions, PosthornFaces, PosthornOptions } from './posthorn.options.js';
import { EarlierEventsModule } from './wiring/earlier-events.js';
import { FoundationModule, POSTHORN_CONFIG, POSTHORN_OPTIONS } from './wiring/foundation.module.js';
import { PosthornHealth } from './wiring/health.service.js';
import { Lifecycle } from './wiring/lifecycle.service.js';
import { encryptionKeyOf } from './wiring/secrets.js';

type Imports = NonNullable<ModuleMetadata['imports']>;

/**
 * Webhooks for an application: the event store, the registry, the feed, the deliveries and the read models, wired
 * together.
 *
 * Import it once, in the root module. `EVENT_STORE_CLIENT`, `WebhooksService`, `PosthornHealth` and the buses of
 * `@nestjs/cqrs` can then be injected everywhere, and every provider with `@Webhook` is registered when the application
 * starts. Call `app.enableShutdownHooks()`, or `app.close()`, so that deliveries under way end cleanly; a process that is
 * killed loses nothing, and repeats only what was under way.
 *
 * @example
 * @Module({ imports: [PosthornModule.forRoot()], providers: [FulfilmentWebhook] })
 * class AppModule {}
 */
@Module({})
export class PosthornModule {
  /**
   * @param options settings, which win over the environment; see docs/configuration.md
   * @throws PosthornError, when the application starts: `PSH_CONFIG_INVALID`, `PSH_CONFIG_SECRET_FILE_UNUSABLE`,
   * `PSH_EVENT_STORE_...`, `PSH_REGISTRY_...`
   */
  static forRoot(options: PosthornOptions & PosthornFaces = {}): DynamicModule {
    const { admin = false, ...rest } = options;
    return PosthornModule.forRootAsync({ admin, useFactory: () => rest });
  }

  /** Like `forRoot`, with options that a factory makes when the application starts. */
  static forRootAsync(options: PosthornAsyncOptions): DynamicModule {
    const foundation = FoundationModule.forRootAsync(options);
    const rooms = roomsOn(foundation);
    return {
      module: PosthornModule,
      imports: [
        CqrsModule,
        ...rooms,
        injectableEverywhere(rooms),
        ...(options.admin ? [restFaceOn(rooms)] : []),
      ],
      providers: [Lifecycle],
    };
  }
}

function roomsOn(foundation: DynamicModule): DynamicModule[] {
  const eventStore = EventStoreModule.forRootAsync({
    imports: [foundation],
    inject: [POSTHORN_CONFIG, POSTHORN_OPTIONS, CLOCK, STREAM_NAMES],
    useFactory: eventStoreOptionsOf,
  });
  const registry = RegistryModule.forRootAsync({
    imports: [foundation, eventStore],
    inject: [POSTHORN_CONFIG, POSTHORN_OPTIONS],
    useFactory: registryOptionsOf,
  });
  const sending = SendingModule.forRootAsync({
    imports: [foundation],
    inject: [POSTHORN_CONFIG, POSTHORN_OPTIONS, CLOCK],
    useFactory: sendingOptionsOf,
  });
  const projections = ProjectionsModule.forRootAsync({
    imports: [foundation, eventStore],
    inject: [POSTHORN_CONFIG],
    useFactory: ({ dataDir }: PosthornConfig) => ({ dataDir }),
  });
  const delivery = DeliveryModule.forRoot({
    imports: [
      ...[foundation, eventStore, registry, sending, projections],
      EarlierEventsModule.on([foundation, registry]),
    ],
  });
  const observers = [foundation, eventStore, registry, DispatchModule.to(delivery)];
  const feed = FeedModule.forRoot({ imports: observers });
  const reconciler = ReconcilerModule.forRoot({ imports: [...observers, projections, feed] });
  const replay = ReplayModule.forRoot({ imports: [...observers, feed, projections] });
  return [
    foundation,
    eventStore,
    registry,
    sending,
    projections,
    delivery,
    feed,
    reconciler,
    replay,
  ];
}

/** Where feed, reconciler and replays hand what they observed: the delivery engine, which they do not know. */
@Module({})
class DispatchModule {
  static to(delivery: DynamicModule): DynamicModule {
    const dispatch = {
      provide: DISPATCH_OBSERVED,
      inject: [DeliveryEngine],
      useFactory:
        (engine: DeliveryEngine): DispatchObserved =>
        (observed) =>
          engine.dispatch(observed),
    };
    const past = {
      provide: PAST_DELIVERIES,
      inject: [DeliveryEngine],
      useFactory: (engine: DeliveryEngine): PastDeliveries => ({
        schedule: (event) => engine.scheduleHistory(event),
        replay: (request) => engine.replayHistory(request),
        replayDeadLetter: (request) => engine.service.replayDeadLetter(request),
      }),
    };
    const reconcile = {
      provide: RECONCILE_DELIVERY,
      inject: [DeliveryEngine],
      useFactory: reconcileDeliveryBy,
    };
    return {
      module: DispatchModule,
      imports: [delivery],
      providers: [dispatch, past, reconcile],
      exports: [DISPATCH_OBSERVED, PAST_DELIVERIES, RECONCILE_DELIVERY],
    };
  }
}

function reconcileDeliveryBy(engine: DeliveryEngine): ReconcileDelivery {
  return {
    idOf: ({ event, webhook }) =>
      deliveryIdOf({
        webhookId: webhook.id,
        registration: webhook.registration,
        stream: event.streamId,
        eventId: event.id,
      }),
    record: (expected) => engine.reconcile(expected),
  };
}

/**
 * What an application may inject anywhere. This module is global and the rooms are not: Nest would destroy them after
 * everything else, and declared webhooks with them.
 */
@Module({})
class PosthornExportsModule {}

function injectableEverywhere(rooms: readonly DynamicModule[]): DynamicModule {
  return {
    module: PosthornExportsModule,
    global: true,
    imports: [CqrsModule, ...rooms],
    providers: [PosthornHealth],
    exports: [CqrsModule, PosthornHealth, ...rooms],
  };
}

/** Loaded only when it is asked for, so that an application without it needs no HTTP server and no OpenAPI. */
async function restFaceOn(rooms: Imports): Promise<DynamicModule> {
  const { restFace } = await import('./wiring/rest-face.js');
  return restFace(rooms);
}

function eventStoreOptionsOf(
  { dataDir, eventStoreUrl }: PosthornConfig,
  { eventStore: store, client }: PosthornOptions,
  clock: Clock,
  { groupName }: StreamNames,
): EventStoreModuleOptions {
  if (store) return { store };
  if (!client && eventStoreUrl === null) return { kind: 'embedded', dataDir, clock };
  return {
    kind: 'remote',
    dataDir,
    clock,
    groupName,
    ...(client && { client }),
    ...(eventStoreUrl !== null && { url: eventStoreUrl }),
  };
}

async function registryOptionsOf(
  config: PosthornConfig,
  { knownEventTypes, secretResolver }: PosthornOptions,
): Promise<RegistryOptions> {
  return {
    keyRing: KeyRing.parse(await encryptionKeyOf(config)),
    release: config.release,
    onVanished: config.vanishedPolicy,
    urlPolicy: { isHttpAllowed: config.allowHttp },
    ...(knownEventTypes && { knownEventTypes }),
    ...(secretResolver && { secretResolver }),
  };
}

function sendingOptionsOf(
  { allowHttp, allowedNetworks, deniedNetworks, egressProxy }: PosthornConfig,
  { sending }: PosthornOptions,
  clock: Clock,
): SendingOptions {
  return {
    ...sending,
    isHttpAllowed: allowHttp,
    allowedNetworks,
    deniedNetworks,
    egressProxy,
    clock,
  };
}
