import { Inject, Injectable } from '@nestjs/common';
import type { Readiness, ReadinessCheck } from '../../modules/admin/index.js';
import { DeliveryEngine } from '../../modules/delivery/index.js';
import { EVENT_STORE, type EventStore } from '../../modules/event-store/index.js';
import { Feed } from '../../modules/feed/index.js';
import { RegistryBootstrap } from '../../modules/registry/index.js';
import { ReadModels } from '../../projections/index.js';
import { StartUp } from './start-up.js';

/** How Posthorn is doing in this process. */
@Injectable()
export class PosthornHealth implements Readiness {
  readonly #registry: RegistryBootstrap;
  readonly #feed: Feed;
  readonly #readModels: ReadModels;
  readonly #engine: DeliveryEngine;
  readonly #startUp: StartUp;
  #storeFailure: Error | undefined;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    registry: RegistryBootstrap,
    feed: Feed,
    readModels: ReadModels,
    engine: DeliveryEngine,
    startUp: StartUp,
  ) {
    this.#registry = registry;
    this.#feed = feed;
    this.#readModels = readModels;
    this.#engine = engine;
    this.#startUp = startUp;
    void store.failed.then((error) => {
      this.#storeFailure = error;
    });
  }

  /** Whether every part does its work: registered, subscribed, and the read models caught up. */
  get isReady(): boolean {
    return this.check().every(({ isReady }) => isReady);
  }

  /** Resolves when everything that is declared in code has been registered; rejects when that cannot succeed. */
  get registrationCompleted(): Promise<void> {
    return this.#registry.registrationCompleted;
  }

  /** What each part says about itself. */
  check(): readonly ReadinessCheck[] {
    const { state, inFlight, quarantined, lastError } = this.#feed.health;
    const readModels = this.#readModels.health();
    const { active, waiting } = this.#engine.load;
    return [
      {
        name: 'event-store',
        isReady: this.#storeFailure === undefined,
        details: { error: this.#storeFailure?.message ?? null },
      },
      { name: 'registry', isReady: this.#registry.isReady, details: {} },
      {
        name: 'feed',
        isReady: state === 'subscribed',
        details: { state, inFlight, quarantined, lastError },
      },
      {
        name: 'read-models',
        isReady: this.#readModels.isCaughtUp,
        details: {
          state: readModels.state,
          position: readModels.position.toString(),
          behindMs: Math.round(readModels.behindMs),
          waitingEvents: readModels.waitingEvents,
          error: readModels.error?.message ?? null,
        },
      },
      {
        name: 'deliveries',
        isReady: this.#startUp.isDelivering,
        details: { active, waiting },
      },
    ];
  }
}
