import type { AllStreamSubscription } from '@eventstore/db-client';
import type { EventStoreClient } from '../../modules/event-store/index.js';
import type { Clock } from '../../modules/kernel/index.js';

/** The calls that readers of the log make. */
type Calls = Pick<
  EventStoreClient,
  'appendToStream' | 'readAll' | 'readStream' | 'setStreamMetadata' | 'subscribeToAll'
>;

/**
 * A machine on which a part of Posthorn runs, with a clock and a client of its own: it can be suspended in the middle of
 * anything and go on later, or stop for good.
 */
export class StoppableMachine {
  readonly clock: Clock;
  readonly client: EventStoreClient;
  readonly #subscriptions = new Set<AllStreamSubscription>();
  #state: 'running' | 'suspended' | 'crashed' = 'running';
  #calls = 0;
  #waiting: (() => void)[] = [];

  /** @param onAppended told of each append that succeeded, before the machine is */
  constructor(
    clock: Clock,
    client: EventStoreClient,
    onAppended: (...call: Parameters<EventStoreClient['appendToStream']>) => void = () => undefined,
  ) {
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer: (callback, delayMs) =>
        clock.setTimer(() => {
          this.#whenRunning(callback);
        }, delayMs),
    };
    const calls = {
      appendToStream: async (...call: Parameters<EventStoreClient['appendToStream']>) => {
        await this.running();
        const result = await this.#called(client.appendToStream(...call));
        onAppended(...call);
        await this.running();
        return result;
      },
      setStreamMetadata: async (...call: Parameters<EventStoreClient['setStreamMetadata']>) => {
        await this.running();
        return this.#called(client.setStreamMetadata(...call));
      },
      readStream: (...call: Parameters<EventStoreClient['readStream']>) =>
        this.#read(client.readStream(...call)),
      readAll: (...call: Parameters<EventStoreClient['readAll']>) =>
        this.#read(client.readAll(...call)),
      subscribeToAll: (...call: Parameters<EventStoreClient['subscribeToAll']>) => {
        const subscription = client.subscribeToAll(...call);
        this.#subscriptions.add(subscription);
        return subscription;
      },
    } as Record<keyof Calls, unknown>;
    this.client = calls as unknown as EventStoreClient;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isSuspended(): boolean {
    return this.#state === 'suspended';
  }

  /** Calls that the event store has not answered yet. */
  get openCalls(): number {
    return this.#calls;
  }

  /** Resolves once the machine runs; never when it crashed. */
  running(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenRunning(resolve);
    });
  }

  /** Nothing happens on it, until `resume`; time goes on. */
  suspend(): void {
    if (this.#state !== 'running') return;
    this.#state = 'suspended';
    for (const subscription of this.#subscriptions) subscription.pause();
  }

  resume(): void {
    if (this.#state !== 'suspended') return;
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
    for (const subscription of this.#subscriptions) subscription.resume();
  }

  /** Nothing ever happens on it again. */
  crash(): void {
    this.#state = 'crashed';
    this.#waiting = [];
    for (const subscription of this.#subscriptions) {
      subscription.removeAllListeners().on('error', () => undefined);
      subscription.destroy();
    }
  }

  async #called<Result>(call: Promise<Result>): Promise<Result> {
    this.#calls += 1;
    try {
      return await call;
    } finally {
      this.#calls -= 1;
    }
  }

  #whenRunning(goOn: () => void): void {
    if (this.#state === 'running') goOn();
    else if (this.#state === 'suspended') this.#waiting.push(goOn);
  }

  async *#read<Resolved>(read: AsyncIterable<Resolved>): AsyncGenerator<Resolved> {
    await this.running();
    this.#calls += 1;
    const records = read[Symbol.asyncIterator]();
    const all: Resolved[] = [];
    try {
      for (let next = await records.next(); !next.done; next = await records.next())
        all.push(next.value);
    } finally {
      this.#calls -= 1;
    }
    for (const resolved of all) {
      await this.running();
      yield resolved;
    }
    await this.running();
  }
}
