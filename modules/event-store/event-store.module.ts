import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { SystemClock } from '../kernel/index.js';
import { connectEventStore, type ConnectEventStoreOptions } from './connect-event-store.js';
import { ownFolder } from './embedded/data-folder.js';
import { EVENT_STORE, EVENT_STORE_CLIENT, type EventStore } from './event-store-client.js';
import {
  type EmbeddedEventStoreOptions,
  openEmbeddedEventStore,
} from './open-embedded-event-store.js';

/** Which event store an application has. */
export type EventStoreModuleOptions =
  /** The embedded one, which the module opens and closes. */
  | ({ readonly kind: 'embedded' } & EmbeddedEventStoreOptions)
  /** One on a server. The data folder holds what this process knows of it, so it is this process's own all the same. */
  | ({ readonly kind: 'remote'; readonly dataDir: string } & ConnectEventStoreOptions)
  /** One that is open already, and stays open: whoever opened it closes it. */
  | { readonly store: EventStore };

/** Options that are only known when the application starts. */
export interface EventStoreModuleAsyncOptions {
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly inject?: readonly symbol[];
  readonly useFactory: (
    ...dependencies: never[]
  ) => EventStoreModuleOptions | Promise<EventStoreModuleOptions>;
}

const OPENED = Symbol('posthorn.OpenedEventStore');

interface Opened {
  readonly store: EventStore;
  close(): Promise<void>;
}

/**
 * Provides the event store (`EVENT_STORE`) and its client (`EVENT_STORE_CLIENT`). The store is open before anything that
 * depends on it is made.
 *
 * It is closed in `onApplicationShutdown`. Nest calls that hook after `onModuleDestroy` and `beforeApplicationShutdown` of
 * every module, and after the HTTP server was closed: whoever uses the store has to be done by the end of
 * `beforeApplicationShutdown`.
 */
@Module({})
export class EventStoreModule implements OnApplicationShutdown {
  readonly #opened: Opened;

  constructor(@Inject(OPENED) opened: Opened) {
    this.#opened = opened;
  }

  /** @throws PosthornError, when the application starts, if the store cannot be opened (`PSH_EVENT_STORE_...`) */
  static forRoot(options: EventStoreModuleOptions): DynamicModule {
    return moduleWith({ provide: OPENED, useFactory: () => open(options) });
  }

  /** Like `forRoot`, with options that a factory makes when the application starts. */
  static forRootAsync(options: EventStoreModuleAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory } = options;
    const provider: Provider = {
      provide: OPENED,
      inject: [...inject],
      useFactory: async (...dependencies: never[]) => open(await useFactory(...dependencies)),
    };
    return moduleWith(provider, imports);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#opened.close();
  }
}

function moduleWith(
  opened: Provider,
  imports: NonNullable<ModuleMetadata['imports']> = [],
): DynamicModule {
  return {
    module: EventStoreModule,
    imports,
    providers: [
      opened,
      { provide: EVENT_STORE, inject: [OPENED], useFactory: ({ store }: Opened) => store },
      {
        provide: EVENT_STORE_CLIENT,
        inject: [OPENED],
        useFactory: ({ store }: Opened) => store.client,
      },
    ],
    exports: [EVENT_STORE, EVENT_STORE_CLIENT],
  };
}

async function open(options: EventStoreModuleOptions): Promise<Opened> {
  if ('store' in options) return { store: options.store, close: () => Promise.resolve() };
  if (options.kind === 'remote') return openRemote(options);
  const store = await openEmbeddedEventStore(options);
  return { store, close: () => store.close() };
}

async function openRemote(
  options: Extract<EventStoreModuleOptions, { kind: 'remote' }>,
): Promise<Opened> {
  const { clock = new SystemClock() } = options;
  const release = ownFolder(options.dataDir, clock.now());
  try {
    const store = await connectEventStore(options);
    const close = async (): Promise<void> => {
      await store.close();
      release();
    };
    return { store, close };
  } catch (error) {
    release();
    throw error;
  }
}
