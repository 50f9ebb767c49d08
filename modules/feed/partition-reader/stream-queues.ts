import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import type { CancelTimer, Clock } from '../../kernel/index.js';

export interface StreamQueuesOptions {
  readonly clock: Clock;
  /** Streams whose events are handled at the same time. */
  readonly streamsAtOnce: number;
  /** Handles an event. When it rejects, it is called again for the same event after a pause. */
  readonly handle: (event: AllStreamRecordedEvent) => Promise<void>;
  /** Told of each event that was handled. */
  readonly onHandled: (event: AllStreamRecordedEvent) => void;
  /** Told of each failure, before the pause. */
  readonly onFailed: (event: AllStreamRecordedEvent, error: unknown, pauseMs: number) => void;
}

/** What waits of one stream, the first of it being handled or about to be. */
interface StreamQueue {
  readonly events: AllStreamRecordedEvent[];
  failures: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Handles the events of each stream one after the other, in the order in which they were added, and those of different
 * streams side by side. A stream whose event fails waits and tries that event again; the others go on.
 */
export class StreamQueues {
  readonly #options: StreamQueuesOptions;
  readonly #queues = new Map<string, StreamQueue>();
  readonly #pauses = new Set<CancelTimer>();
  readonly #running = new Set<Promise<void>>();
  #ready: StreamQueue[] = [];
  /** The highest position of an event that was begun. */
  #highest = -1n;
  #isStopped = false;
  #onEmpty: () => void = () => undefined;

  constructor(options: StreamQueuesOptions) {
    this.#options = options;
  }

  /** Streams whose first event failed and is to be tried again. */
  get failingStreams(): number {
    return this.#pauses.size;
  }

  add(event: AllStreamRecordedEvent): void {
    const waiting = this.#queues.get(event.streamId);
    if (waiting) {
      waiting.events.push(event);
      return;
    }
    const queue = { events: [event], failures: 0 };
    this.#queues.set(event.streamId, queue);
    this.#ready.push(queue);
    this.#startReady();
  }

  /**
   * Ends at a place where everything up to it is handled and nothing above it was begun: streams that are ahead wait for
   * those that are behind. Resolves when it is reached, or the queues are stopped.
   */
  async finish(): Promise<void> {
    for (const [stream, { events }] of this.#queues) {
      const above = events.findIndex(({ position }) => position.commit > this.#highest);
      if (above >= 0) events.splice(above);
      if (events.length === 0) this.#queues.delete(stream);
    }
    this.#ready = this.#ready.filter(({ events }) => events.length > 0);
    if (this.#queues.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Starts nothing more. Resolves when nothing is being handled any more; what ends meanwhile still counts as handled. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#pauses) cancel();
    this.#pauses.clear();
    this.#ready = [];
    this.#queues.clear();
    this.#onEmpty();
    await Promise.all(this.#running);
  }

  #startReady(): void {
    while (!this.#isStopped && this.#running.size < this.#options.streamsAtOnce) {
      const queue = this.#ready.shift();
      const event = queue?.events[0];
      if (!queue || !event) return;
      if (event.position.commit > this.#highest) this.#highest = event.position.commit;
      const running = this.#run(queue, event).finally(() => {
        this.#running.delete(running);
        this.#startReady();
      });
      this.#running.add(running);
    }
  }

  /** Never rejects. */
  async #run(queue: StreamQueue, event: AllStreamRecordedEvent): Promise<void> {
    try {
      await this.#options.handle(event);
    } catch (error) {
      this.#tryAgain(queue, event, error);
      return;
    }
    queue.failures = 0;
    queue.events.shift();
    if (queue.events.length > 0) this.#ready.push(queue);
    else this.#queues.delete(event.streamId);
    this.#options.onHandled(event);
    if (this.#queues.size === 0) this.#onEmpty();
  }

  #tryAgain(queue: StreamQueue, event: AllStreamRecordedEvent, error: unknown): void {
    if (this.#isStopped) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** queue.failures++, LONGEST_PAUSE_MS);
    this.#options.onFailed(event, error, pauseMs);
    const cancel = this.#options.clock.setTimer(() => {
      this.#pauses.delete(cancel);
      this.#ready.push(queue);
      this.#startReady();
    }, pauseMs);
    this.#pauses.add(cancel);
  }
}
