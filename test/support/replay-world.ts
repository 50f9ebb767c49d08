import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { Subject } from 'rxjs';
import {
  type EventStore,
  openEmbeddedEventStore,
  StreamNames,
} from '../../modules/event-store/index.js';
import { ManualClock } from '../../modules/kernel/index.js';
import type { Webhook } from '../../modules/registry/index.js';
import type { PastDeliveries, PastEvent } from '../../modules/replay/past-deliveries.port.js';
import { endOfLog } from '../../modules/replay/reading/log-places.js';
import type { HistoryScope } from '../../modules/replay/replay.events.js';
import { type LoadedReplay, ReplayJournal } from '../../modules/replay/replay-journal.js';
import type { ReplayRecord } from '../../modules/replay/replay-record.events.js';
import { Turnstile } from '../../modules/replay/running/bounded-work.js';
import { ReplayRunner } from '../../modules/replay/running/replay-runner.js';
import { steppers } from '../../modules/replay/running/steppers.js';
import { TENANCY_DEFAULTS } from '../../modules/tenancy/index.js';
import { StoppableStore } from './fault-point.js';
import { sharedStore } from './shared-store.js';

/** An instance that runs replays, and can be killed. */
export interface ReplayInstance {
  readonly journal: ReplayJournal;
  readonly runner: ReplayRunner;
  readonly store: StoppableStore;
}

/** An event that was taken to its delivery, by whom, and when on the monotonic clock. */
export interface Taken {
  readonly eventId: string;
  readonly instance: number;
  readonly at: number;
}

const WEBHOOK = 'orders';
const STEP_MS = 100;

/**
 * Several instances that run replays on one event store, in a time that the test moves. What stands behind the ports of
 * the replays is in memory: deliveries that answer each replay once, and a registry with one webhook.
 */
export class ReplayWorld {
  readonly clock = new ManualClock();
  readonly names = new StreamNames();
  readonly taken: Taken[] = [];
  /** Deliveries that wait, as the read model counts them. */
  waiting = 0;
  /** How far the feed is; `null`: at the end of the log. */
  observed: bigint | null = null;
  /** What becomes of an event instead of a delivery; throws what the deliveries throw. */
  onDelivery: (past: PastEvent) => Promise<void> = () => Promise.resolve();
  readonly #store: EventStore;
  readonly #dataDir: string;
  readonly #instances: ReplayInstance[] = [];
  readonly #onlooker: ReplayJournal;
  readonly #known = new Map<string, LoadedReplay>();
  readonly #changes = new Subject<readonly string[]>();
  readonly #listeners = new Set<(webhook: Webhook) => void>();
  readonly #answered = new Set<string>();
  #webhook: Webhook;

  private constructor(store: EventStore, dataDir: string) {
    this.#store = store;
    this.#dataDir = dataDir;
    this.#webhook = webhook();
    const { clock, names } = this;
    const { client } = store;
    this.#onlooker = new ReplayJournal({ client, names, clock, publish: () => undefined });
  }

  static async create(): Promise<ReplayWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'posthorn-replays-'));
    return new ReplayWorld(await openEmbeddedEventStore({ dataDir }), dataDir);
  }

  /** Starts another instance. */
  start(): ReplayInstance {
    const number = this.#instances.length;
    const store = new StoppableStore(sharedStore(this.#store));
    const { clock, names } = this;
    const { client } = store;
    const journal = new ReplayJournal({ client, names, clock, publish: () => undefined });
    const directory = this.#directory();
    const runner = new ReplayRunner({
      ...{ store, names, clock, directory, journal },
      index: this.#index(),
      turnstile: new Turnstile(2),
      registrations: { startMissing: () => Promise.resolve([]) },
      stepperOf: steppers({
        ...{ client, names, directory },
        tenancy: TENANCY_DEFAULTS,
        deliveries: this.#deliveries(number),
        deadLetters: { count: () => Promise.resolve(0), page: () => Promise.resolve([]) },
        observed: () => this.#observedPosition(),
      }),
    });
    const instance = { journal, runner, store };
    this.#instances.push(instance);
    runner.start();
    return instance;
  }

  /** Appends so many events that the webhook asks for. @returns their ids */
  async append(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const events = ids.map((id) => jsonEvent({ id, type: 'order.placed', data: {} }));
    await this.#store.client.appendToStream(`order-${randomUUID()}`, events);
    return ids;
  }

  /** Where the log ends. */
  endOfLog(): Promise<bigint> {
    return endOfLog(this.#store.client);
  }

  /** Starts a replay of everything there is. @returns its id */
  async replay(
    { journal, runner }: ReplayInstance,
    options: { readonly perSecond?: number } & Partial<Pick<HistoryScope, 'mode'>> = {},
  ): Promise<string> {
    const { mode = 'missing', perSecond = null } = options;
    const replayId = `rpl_${randomUUID()}`;
    const to = (await endOfLog(this.#store.client)).toString();
    const scope = { ...historyOf(this.#webhook), mode, range: { from: '0', to } };
    const decision = { by: 'ops', reason: null, now: this.clock.now() };
    await journal.record(replayId, { kind: 'start', replayId, scope, perSecond, ...decision });
    this.#known.set(replayId, { replay: undefined, revision: 'no_stream' });
    await this.#follow();
    runner.takeUp(replayId);
    return replayId;
  }

  record(replayId: string): ReplayRecord | undefined {
    return this.#known.get(replayId)?.replay;
  }

  change(changes: Partial<Webhook>): void {
    this.#webhook = { ...this.#webhook, ...changes };
    for (const listener of this.#listeners) listener(this.#webhook);
  }

  /** Moves time on, step by step, letting everybody do what there is to do, until `isMet`. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await this.#step();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) await this.#step();
  }

  async close(): Promise<void> {
    for (const { runner, store } of this.#instances) {
      store.release();
      const closed = runner.close();
      this.clock.advance(60_000);
      await closed;
    }
    await this.#store.close();
    await rm(this.#dataDir, { recursive: true });
  }

  /** An append and a few reads, behind which what everybody else had asked for is answered; then a little time. */
  async #step(): Promise<void> {
    const tick = jsonEvent({ type: 'Tick', data: {} });
    await this.#store.client.appendToStream(`${this.names.prefix}ticks`, tick);
    for (let turn = 0; turn < 3; turn++) {
      await endOfLog(this.#store.client);
      await new Promise(setImmediate);
    }
    await this.#follow();
    this.clock.advance(STEP_MS);
  }

  /** What the read models of all instances do: they see what is in the log, also what a dead instance left there. */
  async #follow(): Promise<void> {
    for (const [replayId, before] of this.#known) {
      const loaded = await this.#onlooker.load(replayId, before);
      this.#known.set(replayId, loaded);
      const isChanged =
        loaded.replay?.status !== before.replay?.status ||
        loaded.replay?.perSecond !== before.replay?.perSecond;
      if (isChanged) this.#changes.next([replayId]);
    }
  }

  #observedPosition(): Promise<bigint> {
    return this.observed === null ? endOfLog(this.#store.client) : Promise.resolve(this.observed);
  }

  #index() {
    return {
      changes: this.#changes,
      unfinished: () =>
        Promise.resolve([...this.#known.values()].flatMap(({ replay }) => replay ?? [])),
      unknown: () => Promise.resolve([]),
      list: () => Promise.resolve({ items: [], nextCursor: null }),
      backlog: async () => ({
        waiting: this.waiting,
        position: await endOfLog(this.#store.client),
      }),
    };
  }

  #directory() {
    return {
      barrier: () => Promise.resolve(),
      find: (id: string) => (id === WEBHOOK ? this.#webhook : undefined),
      missingCode: () => null,
      isWanted: () => true,
      onChange: (listener: (webhook: Webhook) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      // Registered before everything: what the feed may still be at is everything.
      entry: () => ({ registeredAt: -1n }) as never,
    };
  }

  #deliveries(instance: number): PastDeliveries {
    const take = async (past: PastEvent): Promise<void> => {
      await this.onDelivery(past);
      this.taken.push({ eventId: past.event.id, instance, at: this.clock.monotonic() });
    };
    return {
      schedule: take,
      replay: async (request) => {
        const key = `${request.replayId} ${request.event.id}`;
        if (!this.#answered.has(key)) {
          await take(request);
          this.#answered.add(key);
        }
        return request.mode === 'all' ? 'replayed' : 'scheduled';
      },
      replayDeadLetter: () => Promise.resolve(true),
    };
  }
}

function webhook(): Webhook {
  const definition = {
    eventTypes: ['order.*'],
    source: { kind: 'all' },
    tenantId: null,
    isGlobal: false,
    isReplayable: true,
  };
  return {
    id: WEBHOOK,
    registration: 1,
    status: 'active',
    definition,
  } as unknown as Webhook;
}

function historyOf({ definition, id, registration }: Webhook): HistoryScope {
  const { eventTypes, isGlobal, source, tenantId } = definition;
  return {
    kind: 'history',
    cause: 'request',
    webhookId: id,
    registration,
    mode: 'missing',
    from: 'beginning',
    to: null,
    source: null,
    eventTypes: null,
    range: { from: '0', to: '0' },
    selection: { eventTypes, isGlobal, source, tenantId },
  };
}
