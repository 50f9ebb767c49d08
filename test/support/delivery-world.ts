import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { ConsoleLogger, type INestApplicationContext, type Provider } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import type { DeliveryEvent } from '../../modules/delivery/index.js';
import { type EventStore, StreamNames } from '../../modules/event-store/index.js';
import {
  type DefinitionBuilder,
  PosthornHealth,
  PosthornModule,
  type PosthornOptions,
  WebhooksService,
} from '../../src/index.js';
import { type Sender, SENDER } from '../../modules/sending/index.js';
import { ReadModels } from '../../projections/runtime/read-models.js';
import { type FaultPoint, StoppableStore } from './fault-point.js';
import { EVENTSTORE_URL, prefixIn } from './installation.js';
import { openStoreIn } from './open-store.js';
import { RecordingReceiver } from './recording-receiver.js';

/** One life of the application: from its start to its stop, or its kill. */
export interface Life {
  readonly app: INestApplicationContext;
  readonly store: StoppableStore;
  readonly webhooks: WebhooksService;
  readonly commands: CommandBus;
  readonly queries: QueryBus;
}

/**
 * An application with Posthorn in it that can be killed at an exact point and started again, on a store and beside a
 * receiver that live on.
 */
export class DeliveryWorld {
  readonly receiver: RecordingReceiver;
  store: EventStore;
  /** The streams of Posthorn: on a server that others use too, they are this world's own. */
  readonly names: StreamNames;
  readonly #dataDir: string;
  readonly #lives: Life[] = [];

  private constructor(receiver: RecordingReceiver, store: EventStore, dataDir: string) {
    this.receiver = receiver;
    this.store = store;
    this.names = new StreamNames(prefixIn(dataDir));
    this.#dataDir = dataDir;
  }

  static async create(): Promise<DeliveryWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'posthorn-world-'));
    const store = await openStoreIn(join(dataDir, 'store'));
    return new DeliveryWorld(await RecordingReceiver.start(), store, dataDir);
  }

  /** Restarts the event store, or what a server lets be restarted: groups go on from their checkpoints. */
  async restartStore(): Promise<void> {
    for (const { store } of this.#lives) store.stopNow();
    if (EVENTSTORE_URL) await this.store.client.restartPersistentSubscriptionSubsystem();
    await this.store.close();
    this.store = await openStoreIn(join(this.#dataDir, 'store'));
  }

  /** Starts the application with these providers in it; it stops at `fault`, if one is given. */
  async start(
    options: PosthornOptions = {},
    fault?: FaultPoint,
    providers: Provider[] = [],
  ): Promise<Life> {
    const store = new StoppableStore(this.store);
    const number = this.#lives.length + 1;
    const testing = await Test.createTestingModule({
      providers,
      imports: [
        PosthornModule.forRoot({
          // Read models are rebuilt by each life: a life that was killed keeps its files open.
          dataDir: join(this.#dataDir, `life-${number}`),
          streamPrefix: this.names.prefix,
          encryptionKey: Buffer.alloc(32, 7).toString('base64'),
          allowHttp: true,
          allowedNetworks: ['127.0.0.0/8'],
          drainTimeoutMs: 1_000,
          ...options,
          eventStore: store,
        }),
      ],
    })
      .setLogger(new ConsoleLogger({ logLevels: ['fatal'] }))
      .compile();
    const app = await testing.init();
    const life: Life = {
      app,
      store,
      webhooks: app.get(WebhooksService),
      commands: app.get(CommandBus),
      queries: app.get(QueryBus),
    };
    this.#lives.push(life);
    await ready(app);
    if (fault) store.stopAt(fault);
    return life;
  }

  /** Registers a webhook for `order.*` whose endpoint is at `/{id}`. */
  async register(
    life: Life,
    id: string,
    configure: (webhook: DefinitionBuilder) => unknown = () => undefined,
  ): Promise<void> {
    await life.webhooks.register(id, this.receiver.url(`/${id}`), (webhook) => {
      webhook.withEventType('order.*');
      configure(webhook);
    });
  }

  /** Appends an event of the application, past every life. @returns its id */
  async append(data: Record<string, unknown> = {}): Promise<string> {
    const id = randomUUID();
    const event = jsonEvent({ id, type: 'order.placed', data });
    await this.store.client.appendToStream(`order-${randomUUID()}`, event);
    return id;
  }

  /** The recorded events of all deliveries, by delivery stream. */
  async recorded(): Promise<Map<string, DeliveryEvent[]>> {
    const streams = new Map<string, DeliveryEvent[]>();
    for await (const { event } of this.store.client.readAll()) {
      if (!event || this.names.deliveryIdOf(event.streamId) === undefined) continue;
      const events = streams.get(event.streamId) ?? [];
      events.push(event as unknown as DeliveryEvent);
      streams.set(event.streamId, events);
    }
    return streams;
  }

  /** Resolves when every one of `count` deliveries has an event of one of these types. */
  async untilRecorded(
    count: number,
    ...types: readonly DeliveryEvent['type'][]
  ): Promise<DeliveryEvent[][]> {
    const live = this.store.client.subscribeToAll();
    try {
      const done = new Set<string>();
      for await (const { event } of live) {
        const isOurs = event && this.names.deliveryIdOf(event.streamId) !== undefined;
        if (isOurs && (types as readonly string[]).includes(event.type)) done.add(event.streamId);
        if (done.size >= count) break;
      }
    } finally {
      await live.unsubscribe();
    }
    return [...(await this.recorded()).values()];
  }

  /** A life that was killed never drains: its threads and sockets are taken from it. */
  async #bury(life: Life): Promise<void> {
    life.store.release();
    await life.app.get(ReadModels).close();
    await life.app.get<Sender>(SENDER).close();
  }

  async end(): Promise<void> {
    for (const life of this.#lives) await this.#bury(life);
    await this.receiver.close();
    if (EVENTSTORE_URL) {
      await this.store.client.deletePersistentSubscriptionToAll(this.names.groupName);
    }
    await this.store.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

async function ready(app: INestApplicationContext): Promise<void> {
  const health = app.get(PosthornHealth);
  while (!health.isReady) await new Promise(setImmediate);
}
