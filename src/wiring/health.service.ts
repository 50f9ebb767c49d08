import { Inject, Injectable } from '@nestjs/common';
import type { Readiness, ReadinessCheck } from '../../modules/admin/index.js';
import { DeliveryEngine } from '../../modules/delivery/index.js';
import { EVENT_STORE, type EventStore } from '../../modules/event-store/index.js';
import { Feed, type FeedHealth } from '../../modules/feed/index.js';
import { Reconciler, type ReconcilerHealth } from '../../modules/reconciler/index.js';
import { RegistryBootstrap } from '../../modules/registry/index.js';
import { ReadModels } from '../../projections/index.js';
import { StartUp } from './start-up.js';

/** How Posthorn is doing in this process. */
@Injectable()
export class PosthornHealth implements Readiness {
  readonly #registry: RegistryBootstrap;
  readonly #feed: Feed;
  readonly #reconciler: Reconciler;
  readonly #readModels: ReadModels;
  readonly #engine: DeliveryEngine;
  readonly #startUp: StartUp;
  readonly #store: EventStore;
  #storeFailure: Error | undefined;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    registry: RegistryBootstrap,
    feed: Feed,
    reconciler: Reconciler,
    readModels: ReadModels,
    engine: DeliveryEngine,
    startUp: StartUp,
  ) {
    this.#store = store;
    this.#registry = registry;
    this.#feed = feed;
    this.#reconciler = reconciler;
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
    const readModels = this.#readModels.health();
    const { active, waiting, waitingForCode } = this.#engine.load;
    return [
      this.#eventStore(),
      registryCheck(this.#registry),
      feedCheck(this.#feed.health),
      reconcilerCheck(this.#reconciler.health),
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
        details: { active, waiting, waitingForCode: waitingForCode.length },
      },
    ];
  }

  #eventStore(): ReadinessCheck {
    const status = this.#store.status?.() ?? null;
    const lastError = status?.lastError ?? null;
    return {
      name: 'event-store',
      isReady: this.#storeFailure === undefined && status?.isConnected !== false,
      details: {
        kind: status === null ? null : status.kind,
        error: this.#storeFailure?.message ?? null,
        errorKind: lastError === null ? null : lastError.kind,
        errorAt: lastError === null ? null : new Date(lastError.at).toISOString(),
      },
    };
  }
}

/** Ids of keys are no secret; which webhooks need them is told by the log, and to who holds the token. */
function registryCheck({ isReady, missingKeys }: RegistryBootstrap): ReadinessCheck {
  const { webhookIds, keyIds } = missingKeys;
  const details =
    webhookIds.length === 0
      ? {}
      : { missingKeys: keyIds.join(', '), webhooksWithoutKey: webhookIds.length };
  return { name: 'registry', isReady, details };
}

function feedCheck({
  inFlight,
  isObserving,
  quarantined,
  state,
  trouble,
}: FeedHealth): ReadinessCheck {
  return {
    name: 'feed',
    isReady: isObserving,
    details: {
      state,
      inFlight,
      quarantined,
      trouble: trouble?.kind ?? null,
      error: trouble?.message ?? null,
      since: trouble && new Date(trouble.since).toISOString(),
      nextTryAt: trouble && new Date(trouble.nextTryAt).toISOString(),
    },
  };
}

/** Never unready: what arrives meanwhile is delivered all the same, and audited later. */
function reconcilerCheck({
  auditedPosition,
  error,
  reconciled,
  state,
  unresolved,
}: ReconcilerHealth): ReadinessCheck {
  return {
    name: 'reconciler',
    isReady: true,
    details: {
      state,
      auditedPosition: auditedPosition === null ? null : auditedPosition.toString(),
      unresolved,
      reconciled,
      error,
    },
  };
}
