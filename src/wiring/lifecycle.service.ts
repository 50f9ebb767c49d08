import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DeliveryEngine } from '../../modules/delivery/index.js';
import { EVENT_STORE, type EventStore } from '../../modules/event-store/index.js';
import { Feed } from '../../modules/feed/index.js';
import { ReadModels } from '../../projections/runtime/read-models.js';

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
  readonly #engine: DeliveryEngine;
  readonly #feed: Feed;
  #starting: Promise<void> = Promise.resolve();
  #isEnding = false;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    readModels: ReadModels,
    engine: DeliveryEngine,
    feed: Feed,
  ) {
    this.#store = store;
    this.#readModels = readModels;
    this.#engine = engine;
    this.#feed = feed;
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
    this.#feed.pause();
    await this.#starting;
    await this.#engine.drain();
    await this.#feed.close();
  }

  async #startEngine(): Promise<void> {
    try {
      await this.#engine.start();
    } catch (error) {
      this.#logger.error(error);
    }
  }
}
