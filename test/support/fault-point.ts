import { Readable } from 'node:stream';
import { CancelledError } from '@eventstore/db-client';
import type { EventStore, EventStoreClient } from '../../modules/event-store/index.js';

/** Where a process is to stop: at an append of an event of this type. */
export interface FaultPoint {
  readonly eventType: string;
  /** `before`: the append never reaches the store. `after`: it is in the log, and nobody learns of it. */
  readonly when: 'before' | 'after';
  /** Which of the appends that match, counted from 1. Default: the first. */
  readonly occurrence?: number;
}

type Call = (...args: unknown[]) => unknown;

/**
 * An event store as a process sees it that stops in the middle: from the fault point on, no call of this process has any
 * effect or any answer, as if it had been killed there. The store behind it lives on, as the disk does.
 */
export class StoppableStore implements EventStore {
  readonly client: EventStoreClient;
  readonly capabilities: EventStore['capabilities'];
  readonly failed: Promise<Error>;
  /** Resolves when the process has stopped. */
  readonly stopped: Promise<void>;
  #stop!: () => void;
  #isStopped = false;
  #fault: FaultPoint | undefined;
  #matches = 0;
  readonly #streams = new Set<Readable>();
  readonly #release: Promise<never>;
  #bury!: (error: Error) => void;

  constructor(store: EventStore) {
    this.capabilities = store.capabilities;
    this.failed = store.failed;
    this.stopped = new Promise((resolve) => (this.#stop = resolve));
    this.#release = new Promise<never>((_resolve, reject) => (this.#bury = reject));
    this.#release.catch(() => undefined);
    this.client = this.#wrap(store.client);
  }

  /** Lets everything fail that waits for an answer, so that what is left of the process can be taken down. */
  release(): void {
    this.stopNow();
    const error = new CancelledError(undefined, 'the process has stopped');
    this.#bury(error);
    for (const stream of this.#streams) stream.destroy(error);
  }

  /** Stops the process at the given point. */
  stopAt(fault: FaultPoint): void {
    this.#fault = fault;
  }

  /** Stops the process now. */
  stopNow(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const stream of this.#streams) stream.destroy();
    this.#stop();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #wrap(client: EventStoreClient): EventStoreClient {
    return new Proxy(client, {
      get: (target, name: keyof EventStoreClient) => {
        const call: unknown = target[name];
        if (typeof call !== 'function') return call;
        return (...args: unknown[]) => this.#call(name, call.bind(target) as Call, args);
      },
    });
  }

  /** Never gives anything, and ends only with the release. */
  #silent(): Readable {
    const stream = Object.assign(new Readable({ objectMode: true, read: () => undefined }), {
      unsubscribe: () => Promise.resolve(),
      ack: () => this.#release,
      nack: () => this.#release,
    });
    stream.on('error', () => undefined);
    void this.#release.catch((error: unknown) => stream.destroy(error as Error));
    return stream;
  }

  #call(name: keyof EventStoreClient, call: Call, args: unknown[]): unknown {
    const isStreaming = name.startsWith('subscribe') || name.startsWith('read');
    if (this.#isStopped) return isStreaming ? this.#silent() : this.#release;
    if (name === 'appendToStream') return this.#append(call, args);
    const result = call(...args);
    if (isStreaming) this.#streams.add(result as Readable);
    return result;
  }

  async #append(call: Call, args: unknown[]): Promise<unknown> {
    const fault = this.#faultAt(args[1]);
    if (fault?.when === 'before') {
      this.stopNow();
      return this.#release;
    }
    const result = await call(...args);
    if (fault) this.stopNow();
    return this.#isStopped ? this.#release : result;
  }

  #faultAt(events: unknown): FaultPoint | undefined {
    const types = [events].flat().map((event) => (event as { type: string }).type);
    if (!this.#fault || !types.includes(this.#fault.eventType)) return undefined;
    this.#matches += 1;
    return this.#matches === (this.#fault.occurrence ?? 1) ? this.#fault : undefined;
  }
}
