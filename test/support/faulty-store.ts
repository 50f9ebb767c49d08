import {
  CancelledError,
  END,
  type ErrorType,
  persistentSubscriptionToAllSettingsFromDefaults,
  UnavailableError,
} from '@eventstore/db-client';
import type { EventStore, EventStoreClient } from '../../modules/event-store/index.js';
import { type Fate, FaultySubscription, type Message } from './faulty-subscription.js';
import type { SeededRandom } from './seeded-random.js';

/** How likely each fault is, for each message of the application that comes: 0 to 1. Default: 0. */
export interface FaultRates {
  /** The message never reaches the consumer, and counts as answered. */
  readonly lose?: number;
  /** The message comes twice. */
  readonly repeat?: number;
  /** The message comes late, behind others. */
  readonly delay?: number;
  /** The connection is lost. */
  readonly disconnect?: number;
  /** The group is deleted, and with it what it knew. */
  readonly forget?: number;
  /** The group is deleted, and somebody creates it at the end of the log. */
  readonly leapAhead?: number;
}

/** What happened so far. */
export interface FaultCounts {
  lost: number;
  repeated: number;
  delayed: number;
  disconnected: number;
  forgotten: number;
  leaptAhead: number;
}

export interface FaultyStoreOptions {
  readonly store: EventStore;
  readonly groupName?: string;
  readonly random: SeededRandom;
  readonly rates?: FaultRates;
  readonly capabilities?: Partial<EventStore['capabilities']>;
  /** Which messages faults happen to. Default: those of streams without a full stop. */
  readonly isTarget?: (message: Message) => boolean;
}

const LONGEST_DELAY_MS = 150;
/** The message that meets a misfortune whatever the dice say: no seed may test nothing. */
const ILL_FATED_MESSAGE = 20;

/**
 * An event store whose consumer groups lose, repeat, reorder and forget, more than any real one would and all of it from
 * one seed. Reads and appends are left alone.
 */
export class FaultyStore implements EventStore {
  readonly client: EventStoreClient;
  readonly capabilities: EventStore['capabilities'];
  readonly failed: Promise<Error>;
  readonly counts: FaultCounts = {
    lost: 0,
    repeated: 0,
    delayed: 0,
    disconnected: 0,
    forgotten: 0,
    leaptAhead: 0,
  };
  /** How often each event met a fault after which it may be sent again, by event id. */
  readonly excuses = new Map<string, number>();
  /** Told of each subscription that a consumer asks for. */
  onSubscribe: () => void = () => undefined;
  readonly #store: EventStore;
  readonly #options: Required<Pick<FaultyStoreOptions, 'groupName' | 'isTarget' | 'random'>>;
  readonly #subscriptions = new Set<FaultySubscription>();
  #rates: FaultRates;
  #refusal: Error | undefined;
  #isConfirming = true;
  #messages = 0;
  #groupFault: Promise<unknown> = Promise.resolve();

  constructor(options: FaultyStoreOptions) {
    const { capabilities, groupName = 'posthorn', isTarget = isOfApplication } = options;
    const { random, rates = {}, store } = options;
    this.#store = store;
    this.#options = { groupName, isTarget, random };
    this.#rates = rates;
    this.capabilities = { ...store.capabilities, ...capabilities };
    this.failed = store.failed;
    this.client = new Proxy(store.client, {
      get: (target, name: keyof EventStoreClient) => {
        if (name === 'subscribeToPersistentSubscriptionToAll') return this.#subscribe;
        const call: unknown = target[name];
        return typeof call === 'function' ? (call.bind(target) as unknown) : call;
      },
    });
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Nothing happens any more by itself. */
  heal(): void {
    this.#rates = {};
    this.#refusal = undefined;
    this.#isConfirming = true;
  }

  /** The connections that there are become half-open: nothing comes, and nothing says so. */
  silence(): void {
    for (const subscription of this.#subscriptions) subscription.silence();
  }

  /** Subscriptions are accepted from now on, and their confirmation is lost. */
  withholdConfirmations(): void {
    this.#isConfirming = false;
  }

  /** Every subscription that is asked for from now on ends with this error. */
  refuse(error: Error & { readonly type?: ErrorType }): void {
    this.#refusal = error;
  }

  /** Every connection is lost with this error. */
  disconnect(error: Error = new UnavailableError(undefined, 'connection lost')): void {
    this.counts.disconnected += 1;
    for (const subscription of this.#subscriptions) {
      for (const eventId of subscription.held) this.#excuse(eventId);
      subscription.cut(error);
    }
  }

  /** Deletes the group, and what it knew. */
  async forget(): Promise<void> {
    this.counts.forgotten += 1;
    this.#excuseHeld();
    await this.#store.client.deletePersistentSubscriptionToAll(this.#options.groupName);
  }

  /** Deletes the group, and creates it at the end of the log, before the consumers do that elsewhere. */
  async leapAhead(): Promise<void> {
    this.counts.leaptAhead += 1;
    this.#excuseHeld();
    const { groupName } = this.#options;
    const { client } = this.#store;
    await client.deletePersistentSubscriptionToAll(groupName);
    await client.createPersistentSubscriptionToAll(
      groupName,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: END }),
    );
  }

  /** Resolves when what was done to the group is done. */
  settled(): Promise<unknown> {
    return this.#groupFault;
  }

  readonly #subscribe: EventStoreClient['subscribeToPersistentSubscriptionToAll'] = (...args) => {
    this.onSubscribe();
    const subscription = new FaultySubscription({
      inner: this.#store.client.subscribeToPersistentSubscriptionToAll(...args),
      fateOf: (message) => (this.#options.isTarget(message) ? this.#fateOf(message) : PASS),
      onMessage: (message) => {
        if (this.#options.isTarget(message)) this.#misfortune();
      },
    });
    subscription.on('close', () => this.#subscriptions.delete(subscription));
    this.#subscriptions.add(subscription);
    const refusal = this.#refusal;
    if (!this.#isConfirming || refusal) subscription.neverConfirm();
    if (refusal) {
      setImmediate(() => {
        subscription.cut(refusal);
      });
    }
    return subscription;
  };

  #fateOf({ event }: Message): Fate {
    const { random } = this.#options;
    const { delay = 0, lose = 0, repeat = 0 } = this.#rates;
    const draw = random.next();
    const laterMs = random.between(1, LONGEST_DELAY_MS);
    if (draw < lose) {
      this.counts.lost += 1;
      return { kind: 'lose' };
    }
    if (draw < lose + repeat) {
      this.counts.repeated += 1;
      if (event) this.#excuse(event.id);
      return { kind: 'repeat', afterMs: laterMs };
    }
    if (draw < lose + repeat + delay) {
      this.counts.delayed += 1;
      return { kind: 'delay', delayMs: laterMs };
    }
    return PASS;
  }

  /** What happens to more than one message; apart from the call that gave it. */
  #misfortune(): void {
    const { random } = this.#options;
    const { disconnect = 0, forget = 0, leapAhead = 0 } = this.#rates;
    const isIllFated = ++this.#messages === ILL_FATED_MESSAGE;
    const draw = random.next() * (isIllFated ? disconnect + forget + leapAhead || 1 : 1);
    if (draw < disconnect) {
      const error = random.pick<Error>([
        new UnavailableError(undefined, 'connection lost'),
        new CancelledError(undefined, 'connection lost'),
      ]);
      setImmediate(() => {
        this.disconnect(error);
      });
    } else if (draw < disconnect + forget) {
      this.#toTheGroup(() => this.forget());
    } else if (draw < disconnect + forget + leapAhead) {
      this.#toTheGroup(() => this.leapAhead());
    }
  }

  /** One at a time; a group that is gone already cannot be deleted. */
  #toTheGroup(act: () => Promise<void>): void {
    this.#groupFault = this.#groupFault.then(act).catch(() => undefined);
  }

  #excuseHeld(): void {
    for (const { held } of this.#subscriptions) for (const id of held) this.#excuse(id);
  }

  #excuse(eventId: string): void {
    this.excuses.set(eventId, (this.excuses.get(eventId) ?? 0) + 1);
  }
}

const PASS: Fate = { kind: 'pass' };

function isOfApplication({ event }: Message): boolean {
  return event !== undefined && /^[^.$]+$/.test(event.streamId);
}
