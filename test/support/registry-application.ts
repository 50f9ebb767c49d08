import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import {
  type EmbeddedEventStore,
  EVENT_STORE,
  type EventStore,
  type EventStoreClient,
  openEmbeddedEventStore,
  STREAM_NAMES,
  StreamNames,
} from '../../modules/event-store/index.js';
import { CLOCK, type Clock, type ManualClock, SystemClock } from '../../modules/kernel/index.js';
import {
  KeyRing,
  type MatchableEvent,
  RegistryBootstrap,
  RegistryDirectory,
  RegistryModule,
  type RegistryOptions,
  WebhooksService,
} from '../../modules/registry/index.js';

const KEY_RING = KeyRing.parse(`test:${Buffer.alloc(32, 1).toString('base64')}`);

export interface RegistryApplicationOptions {
  readonly options?: Partial<RegistryOptions>;
  /** What the application reaches the store through; default: the store itself. */
  readonly client?: EventStoreClient;
  readonly clock?: Clock;
  /** Whether this instance is alone on the store; default: as the store says. */
  readonly isExclusive?: boolean;
  /** Classes that declare webhooks, and whatever else the application provides. */
  readonly providers?: Provider[];
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
}

/** One embedded event store, and in it as many registries as there are prefixes. */
export class RegistryStore {
  readonly store: EmbeddedEventStore;
  readonly #folder: string;
  #prefixes = 0;

  private constructor(store: EmbeddedEventStore, folder: string) {
    this.store = store;
    this.#folder = folder;
  }

  static async open(): Promise<RegistryStore> {
    const folder = await mkdtemp(join(tmpdir(), 'posthorn-registry-'));
    return new RegistryStore(await openEmbeddedEventStore({ dataDir: folder }), folder);
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The streams of a registry that nobody has used yet. */
  newNames(): StreamNames {
    return new StreamNames(`registry${this.#prefixes++}.`);
  }

  /** An instance of an application on the registry with these streams, not started yet. */
  async compile(names: StreamNames, setup: RegistryApplicationOptions = {}) {
    const client = setup.client ?? this.store.client;
    const { capabilities: own, failed } = this.store;
    const capabilities = { ...own, isExclusive: setup.isExclusive ?? own.isExclusive };
    const store: EventStore = { client, capabilities, failed, close: () => Promise.resolve() };
    const base = [
      { provide: EVENT_STORE, useValue: store },
      { provide: STREAM_NAMES, useValue: names },
      { provide: CLOCK, useValue: setup.clock ?? new SystemClock() },
    ];
    const infrastructure = { module: Infrastructure, providers: base, exports: base };
    const registry = RegistryModule.forRoot({
      imports: [infrastructure],
      options: { keyRing: KEY_RING, ...setup.options },
    });
    const application = await Test.createTestingModule({
      imports: [registry, ...(setup.imports ?? [])],
      providers: setup.providers ?? [],
    }).compile();
    application.useLogger(false);
    const app = application.createNestApplication();
    return {
      app,
      webhooks: app.get(WebhooksService),
      directory: app.get(RegistryDirectory),
      bootstrap: app.get(RegistryBootstrap),
      commands: app.get(CommandBus, { strict: false }),
      /** Appends an event of the application, and tells which webhooks it is a member of. */
      membersOf: async (event: Partial<MatchableEvent> = {}): Promise<string[]> => {
        const matched = await this.matched(app.get(RegistryDirectory), event);
        return matched.map(({ id }) => id).sort();
      },
    };
  }

  /** An instance of an application that has started. */
  async start(names: StreamNames, setup: RegistryApplicationOptions = {}) {
    const application = await this.compile(names, setup);
    await application.app.init();
    return application;
  }

  /** Appends an event to the store. @returns it, as a feed would observe it */
  async append(event: Partial<MatchableEvent> = {}): Promise<MatchableEvent> {
    const { type = 'order.placed', stream = 'order-1', tenantId = null } = event;
    const { position } = await this.store.client.appendToStream(
      stream,
      jsonEvent({ type, data: { total: 1 } }),
    );
    return { type, stream, tenantId, position: position?.commit ?? 0n };
  }

  async matched(directory: RegistryDirectory, event: Partial<MatchableEvent> = {}) {
    const appended = await this.append(event);
    await directory.barrier();
    return directory.match(appended);
  }

  /** The events of a stream. */
  async read(stream: string) {
    const events = [];
    for await (const { event } of this.store.client.readStream(stream)) {
      if (event) events.push(event);
    }
    return events;
  }
}

@Module({})
class Infrastructure {}

/** The client with some of its calls replaced: what a fault does to them. */
export function withCalls(
  client: EventStoreClient,
  calls: (real: EventStoreClient) => Partial<EventStoreClient>,
): EventStoreClient {
  const replaced = calls(client);
  return new Proxy(client, {
    get: (target, name) => {
      const call: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
      return typeof call === 'function' ? (call.bind(target) as unknown) : call;
    },
  });
}

/** Moves the clock on until `work` has ended, however many timers it waits for. */
export async function advanceUntil<Result>(
  clock: ManualClock,
  work: Promise<Result>,
): Promise<Result> {
  const pending = { is: true };
  const settled = (): void => {
    pending.is = false;
  };
  work.then(settled, settled);
  while (pending.is) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return work;
}
