import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { DeliveryEngine } from '../../modules/delivery/index.js';
import { EVENT_STORE, type EventStore } from '../../modules/event-store/index.js';
import { Feed } from '../../modules/feed/index.js';
import { Reconciler } from '../../modules/reconciler/index.js';
import {
  WEBHOOK_DIRECTORY,
  type WebhookDirectory,
  WebhooksService,
} from '../../modules/registry/index.js';
import { ReplayRunner } from '../../modules/replay/index.js';
import { GetWebhookRevisions, ReadModels } from '../../projections/index.js';
import { StartUp } from './start-up.js';

/**
 * Starts and ends the rooms in their order.
 *
 * Nest bootstraps the rooms before the shell, so what is declared has been registered, or is being tried again, when this
 * begins; and it ends the shell before the rooms, so the event store, the registry and the read models are there until the
 * last outcome is recorded.
 */
@Injectable()
export class Lifecycle implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Posthorn');
  readonly #store: EventStore;
  readonly #readModels: ReadModels;
  readonly #queries: QueryBus;
  readonly #directory: WebhookDirectory;
  readonly #webhooks: WebhooksService;
  readonly #engine: DeliveryEngine;
  readonly #feed: Feed;
  readonly #reconciler: Reconciler;
  readonly #replays: ReplayRunner;
  readonly #startUp: StartUp;
  #starting: Promise<void> = Promise.resolve();
  #isEnding = false;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    readModels: ReadModels,
    queries: QueryBus,
    @Inject(WEBHOOK_DIRECTORY) directory: WebhookDirectory,
    webhooks: WebhooksService,
    engine: DeliveryEngine,
    feed: Feed,
    reconciler: Reconciler,
    replays: ReplayRunner,
    startUp: StartUp,
  ) {
    this.#store = store;
    this.#readModels = readModels;
    this.#queries = queries;
    this.#directory = directory;
    this.#webhooks = webhooks;
    this.#engine = engine;
    this.#feed = feed;
    this.#reconciler = reconciler;
    this.#replays = replays;
    this.#startUp = startUp;
  }

  /** Returns at once: what is due is taken up when the read models have caught up, which may take a while. */
  onApplicationBootstrap(): void {
    void this.#store.failed.then((error) => {
      this.#logger.fatal(error);
    });
    this.#readModels.whenCaughtUp().then(
      () => {
        if (!this.#isEnding) this.#starting = this.#startEngine();
      },
      (error: unknown) => {
        if (!this.#isEnding) this.#logger.error(error);
      },
    );
    void this.#feed.start();
  }

  /**
   * Takes no more events, finishes and records what is under way, acknowledges it, and leaves the group. In the first of
   * the shutdown hooks, because webhooks that are declared in code may need what other modules give up later.
   */
  async onModuleDestroy(): Promise<void> {
    this.#isEnding = true;
    this.#startUp.isDelivering = false;
    this.#feed.pause();
    await this.#starting;
    await Promise.all([this.#replays.close(), this.#reconciler.close()]);
    await this.#engine.drain();
    await this.#feed.close();
  }

  async #startEngine(): Promise<void> {
    try {
      await this.#healRegistry();
    } catch (error) {
      this.#logger.warn(`the registry is not healed, the next start will be: ${String(error)}`);
    }
    try {
      await this.#engine.start();
      if (!this.#isEnding) {
        this.#replays.start();
        this.#reconciler.start();
      }
      this.#startUp.isDelivering = !this.#isEnding;
    } catch (error) {
      this.#logger.fatal(error);
    }
  }

  /** A crash may have left a change of a webhook recorded, but without the pointer that lets it take effect. */
  async #healRegistry(): Promise<void> {
    const revisions = await this.#queries.execute(new GetWebhookRevisions());
    const ahead = revisions.filter(({ id, revision }) => {
      const webhook = this.#directory.find(id);
      return webhook === undefined || webhook.revision < revision;
    });
    await this.#webhooks.heal(ahead.map(({ id }) => id));
  }
}
