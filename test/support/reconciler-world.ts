import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import type { DeliveryEvent } from '../../modules/delivery/delivery.events.js';
import { DeliveryJournal } from '../../modules/delivery/delivery-journal.js';
import {
  DELIVERY_DEFAULTS,
  deliveryIdOf,
  type DeliveryOptions,
} from '../../modules/delivery/index.js';
import { PastEvents } from '../../modules/delivery/past-events.js';
import {
  type EventStore,
  type EventStoreClient,
  openEmbeddedEventStore,
  StreamNames,
} from '../../modules/event-store/index.js';
import { endOfLog, Membership } from '../../modules/feed/index.js';
import { ManualClock, SystemClock } from '../../modules/kernel/index.js';
import type { ExpectedDelivery, KnownDeliveries } from '../../modules/reconciler/index.js';
import { RECONCILER_DEFAULTS, Reconciler } from '../../modules/reconciler/index.js';
import type { Webhook, WebhookDirectory } from '../../modules/registry/index.js';

const WEBHOOK = {
  id: 'orders',
  registration: 1,
  status: 'active',
  definition: {},
} as Webhook;

/** A registry with one webhook that wants every event that is `placed`; nothing else of it is asked. */
const ORDERS = {
  barrier: () => Promise.resolve(),
  match: ({ type }: { type: string }) => (type === 'placed' ? [WEBHOOK] : []),
  find: () => WEBHOOK,
  missingCode: () => null,
};

type Query = Parameters<KnownDeliveries['among']>[0];

/** An event store in which a feed is played by the test, and reconcilers on it. */
export class ReconcilerWorld {
  readonly names = new StreamNames();
  readonly clock = new ManualClock();
  readonly store: EventStore;
  /** What the consumer group has answered. */
  observed = -1n;
  /** What the read model was asked. */
  readonly queries: Query[] = [];
  /** Why the read model does not answer; `null` when it does. */
  readModelError: Error | null = null;
  /** Whether the read model has lost what it knew. */
  isReadModelEmpty = false;
  /** Events of which the tenant cannot be told, by their number. */
  readonly unclear = new Set<number>();
  readonly #dataDir: string;
  readonly #past: PastEvents;
  readonly #reconcilers = new Set<Reconciler>();
  #appended = 0;
  #instances = 0;

  private constructor(store: EventStore, dataDir: string) {
    this.store = store;
    this.#dataDir = dataDir;
    const journal = new DeliveryJournal({
      client: store.client,
      names: this.names,
      clock: new SystemClock(),
      onRecorded: () => undefined,
    });
    this.#past = new PastEvents({
      journal,
      clock: this.clock,
      instanceId: 'i-1',
      directory: ORDERS,
    });
  }

  static async open(): Promise<ReconcilerWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'posthorn-reconciler-'));
    return new ReconcilerWorld(await openEmbeddedEventStore({ dataDir }), dataDir);
  }

  get client(): EventStoreClient {
    return this.store.client;
  }

  /** A reconciler that was not started yet; several share the event store. */
  reconciler(): Reconciler {
    const store: EventStore = {
      ...this.store,
      client: this.client,
      capabilities: { ...this.store.capabilities, isExclusive: false },
    };
    const membership = new Membership(ORDERS as unknown as WebhookDirectory, this.names, {
      metadataKey: 'tenantId',
      resolver: ({ data }) => {
        if (this.unclear.has((data as { n: number }).n)) throw new Error('nobody knows');
        return null;
      },
    });
    const options: DeliveryOptions = {
      ...DELIVERY_DEFAULTS,
      instanceId: `i-${++this.#instances}`,
    };
    const reconciler = new Reconciler(
      store,
      this.names,
      this.clock,
      RECONCILER_DEFAULTS,
      options,
      membership,
      () => Promise.resolve(this.observed),
      { among: (query) => this.#among(query) },
      { idOf, record: (expected) => this.#past.reconcile(expected) },
    );
    this.#reconcilers.add(reconciler);
    return reconciler;
  }

  /** Appends an event of the application, numbered. @returns its position */
  async append(type = 'placed'): Promise<bigint> {
    const n = ++this.#appended;
    const event = jsonEvent({ type, data: { n } });
    const { position } = await this.client.appendToStream(`order-${n}`, event);
    return position?.commit ?? -1n;
  }

  /** Appends events of the application. @returns the position of the last */
  async appendMany(count: number): Promise<bigint> {
    const positions = await Promise.all(Array.from({ length: count }, () => this.append()));
    return positions.at(-1) ?? -1n;
  }

  /** Appends an event to a stream of Posthorn. @returns its position */
  async appendOwn(stream: string, type: string, data: object = { v: 1 }): Promise<bigint> {
    const event = jsonEvent({ type, data: data as Record<string, unknown> });
    const { position } = await this.client.appendToStream(stream, event);
    return position?.commit ?? -1n;
  }

  register(): Promise<bigint> {
    return this.appendOwn(this.names.registry, 'WebhookRegistryAdvanced');
  }

  /** The consumer group has answered everything that there is. */
  async observeAll(): Promise<bigint> {
    this.observed = await endOfLog(this.client);
    return this.observed;
  }

  /** Records the delivery of an event, as the feed does. */
  async deliver(number: number): Promise<void> {
    for await (const { event } of this.client.readStream(`order-${number}`)) {
      if (!event) continue;
      await this.#past.schedule({ event, tenantId: null, webhook: WEBHOOK });
    }
  }

  /** Numbers of the events whose delivery the reconciler recorded, in order of the log. */
  async reconciled(): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { event } of this.client.readAll()) {
      const recorded = event as unknown as DeliveryEvent | undefined;
      if (recorded?.type !== 'DeliveryScheduled') continue;
      const { origin, reason } = recorded.data;
      if (reason === 'reconciled') numbers.push(Number(origin.stream.slice('order-'.length)));
    }
    return numbers.sort((one, other) => one - other);
  }

  async countOf(stream: string): Promise<number> {
    const newest = { direction: 'backwards', fromRevision: 'end', maxCount: 1 } as const;
    try {
      for await (const { event } of this.client.readStream(stream, newest)) {
        return Number(event?.revision ?? -1n) + 1;
      }
    } catch {
      return 0;
    }
    return 0;
  }

  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await this.pass(1_000);
  }

  /** Lets time pass, in steps in which everybody who waits for an answer gets it. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await this.#turns();
      this.clock.advance(Math.min(1_000, ms - passed));
    }
    await this.#turns();
  }

  async close(): Promise<void> {
    for (const reconciler of this.#reconcilers) await reconciler.close();
    await this.store.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  /** Lets what is under way reach the store and come back: reads in one turn each, appends behind one of ours. */
  async #turns(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) {
      await this.countOf(this.names.reconciler);
      await this.appendOwn(`${this.names.prefix}turns`, 'Turn');
      await new Promise(setImmediate);
    }
  }

  async #among(query: Query): Promise<ReadonlySet<string>> {
    this.queries.push(query);
    if (this.readModelError) throw this.readModelError;
    const known = new Set<string>();
    if (this.isReadModelEmpty) return known;
    for (const id of query.deliveryIds) {
      if ((await this.countOf(this.names.delivery(id))) > 0) known.add(id);
    }
    return known;
  }
}

function idOf({ event, webhook }: ExpectedDelivery): string {
  return deliveryIdOf({
    webhookId: webhook.id,
    registration: webhook.registration,
    stream: event.streamId,
    eventId: event.id,
  });
}
