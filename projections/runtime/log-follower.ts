import {
  type AllStreamRecordedEvent,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  FORWARDS,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import {
  canonicalJsonOf,
  type EventStoreClient,
  isRealPosition,
  type StreamNames,
} from '../../modules/event-store/index.js';
import { PosthornError } from '../../modules/kernel/index.js';
import type { EventHead, LogBatch } from './log-batch.js';
import type { ProjectedTopic } from './projection.js';

/** Most events that wait, and so the most in one batch. */
export const MOST_WAITING_EVENTS = 10_000;

/** Most bytes of event data that wait; a single larger event waits alone. */
export const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * A batch costs its transaction and two messages between threads, whatever is in it: so while there is one after the other,
 * each waits until so long after the one before.
 */
const GATHER_MS = 10;

/** Records of the log that one page of the subscription looks through, and between two checkpoint messages. */
const SEARCH_WINDOW = 2_048;

/** Records that one look ahead reads. */
const LOOK_AHEAD = 256;

/** Something the subscription told besides events, which holds once all that came before it is in the queue. */
interface Mark {
  readonly afterReceived: number;
  readonly position?: number;
  readonly isLive?: true;
}

/** The next stretch of the log. */
export interface FollowedBatch extends LogBatch {
  /** Whether the subscription had reached the end of the log when it handed over the last of this. */
  readonly isLive: boolean;
}

/**
 * Follows Posthorn's own streams in `$all` from a position on, for one subscription's life. Who takes slowly holds the
 * subscription up: no more than a bounded number of events waits here.
 *
 * The subscription tells checkpoints and `caughtUp` when it meets them, while events that came before may still be in
 * its buffer. Each is therefore counted in behind the events that are buffered at that moment.
 */
export class LogFollower {
  readonly #client: EventStoreClient;
  readonly #names: StreamNames;
  readonly #subscription: AllStreamSubscription;
  readonly #marks: Mark[] = [];
  #heads: EventHead[] = [];
  #data: string[] = [];
  #bytes = 0;
  #received = 0;
  /** Everything of ours up to here was taken or waits in the queue. */
  #covered: number;
  #taken: number;
  #isLive = false;
  #isLiveTaken = false;
  /** When the last batch was taken, by the clock of the machine: this is about its threads, not about time. */
  #takenAt = -Infinity;
  #end: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param from position, exclusive; below 0: from the beginning of the log */
  constructor(client: EventStoreClient, names: StreamNames, from: number) {
    this.#client = client;
    this.#names = names;
    this.#covered = from;
    this.#taken = from;
    this.#subscription = client.subscribeToAll({
      fromPosition: from < 0 ? START : toPosition(from),
      filter: streamNameFilter({
        prefixes: [names.prefix],
        maxSearchWindow: SEARCH_WINDOW,
        checkpointReached: (_subscription, position) => {
          this.#checkpoint(position);
        },
      }),
    });
    this.#subscription.on('data', (resolved: AllStreamResolvedEvent) => {
      this.#receive(resolved);
    });
    this.#subscription.on('caughtUp', () => {
      this.#mark({ isLive: true });
    });
    this.#subscription.on('error', (error: Error) => {
      this.#finish(error);
    });
    for (const event of ['end', 'close']) {
      this.#subscription.on(event, () => {
        this.#finish(new Error('the subscription ended'));
      });
    }
  }

  /** Events that wait. */
  get waitingEvents(): number {
    return this.#heads.length;
  }

  /** When the first event that waits was recorded, in epoch milliseconds. */
  get oldestWaiting(): number | undefined {
    return this.#heads[0]?.[5];
  }

  /**
   * Waits until there is something to apply. What arrives in one turn of the event loop comes together; while much
   * arrives, what arrives within `GATHER_MS`.
   *
   * @throws the reason for which the subscription ended, once all that came before was taken
   */
  async next(): Promise<FollowedBatch> {
    while (!this.#hasNews()) {
      if (this.#end) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    await this.#gathered();
    return this.#take();
  }

  /**
   * Reads on from the end of the queue through records that are not ours. The subscription tells of such records only
   * every `SEARCH_WINDOW`, so this is how the position of a foreign event is reached without waiting for more of them.
   */
  async lookAhead(): Promise<void> {
    const from = this.#covered;
    let seen = from;
    const records = this.#client.readAll({
      direction: FORWARDS,
      fromPosition: from < 0 ? START : toPosition(from),
      maxCount: LOOK_AHEAD,
    });
    for await (const resolved of records) {
      const record = resolved.link ?? resolved.event;
      if (!record) continue;
      const position = toSafeNumber(record.position.commit);
      if (position > from && record.streamId.startsWith(this.#names.prefix)) break;
      seen = Math.max(seen, position);
    }
    this.#cover(seen);
  }

  /** Ends the subscription. */
  async stop(): Promise<void> {
    this.#finish(new Error('the follower was stopped'));
    await this.#subscription.unsubscribe().catch(() => undefined); // it may be gone already
  }

  /** After a rest the first batch goes at once; while batches follow one another, each waits for company. */
  async #gathered(): Promise<void> {
    const restMs = this.#takenAt + GATHER_MS - performance.now();
    await new Promise((resolve) => {
      if (restMs > 0 && !this.#isFull() && !this.#end) setTimeout(resolve, restMs).unref();
      else setImmediate(resolve);
    });
    this.#takenAt = performance.now();
  }

  #receive(resolved: AllStreamResolvedEvent): void {
    this.#received++;
    const event = resolved.link ?? resolved.event;
    try {
      if (event && !this.#end) this.#enqueue(event);
    } catch (error) {
      this.#finish(error as Error);
    }
    while (this.#marks[0] && this.#marks[0].afterReceived <= this.#received) {
      const mark = this.#marks.shift();
      if (mark) this.#reach(mark);
    }
  }

  #enqueue(event: AllStreamRecordedEvent): void {
    const position = toSafeNumber(event.position.commit);
    const route = this.#route(event.streamId);
    if (route && !event.type.startsWith('$')) {
      const { revision, type, created } = event;
      const data = dataOf(event);
      this.#heads.push([position, ...route, Number(revision), type, created.getTime()]);
      this.#data.push(data);
      this.#bytes += data.length;
      if (this.#isFull()) this.#subscription.pause();
    }
    this.#cover(position);
  }

  #route(stream: string): [ProjectedTopic, string] | undefined {
    const deliveryId = this.#names.deliveryIdOf(stream);
    if (deliveryId !== undefined) return ['delivery', deliveryId];
    const webhookId = this.#names.webhookIdOf(stream);
    if (webhookId !== undefined) return ['webhook', webhookId];
    const replayId = this.#names.replayIdOf(stream);
    if (replayId !== undefined) return ['replay', replayId];
    const endpointId = this.#names.endpointIdOf(stream);
    return endpointId === undefined ? undefined : ['endpoint', endpointId];
  }

  #checkpoint(position: Position): void {
    if (!isRealPosition(position)) return; // some servers send 2^64-1 for "nothing yet"
    try {
      this.#mark({ position: toSafeNumber(position.commit) });
    } catch (error) {
      this.#finish(error as Error);
    }
  }

  #mark(told: Omit<Mark, 'afterReceived'>): void {
    const buffered = this.#subscription.readableLength;
    const mark = { ...told, afterReceived: this.#received + buffered };
    if (buffered === 0) this.#reach(mark);
    else this.#marks.push(mark);
  }

  #reach(mark: Mark): void {
    if (mark.isLive) this.#isLive = true;
    this.#cover(mark.position ?? this.#covered);
  }

  #cover(position: number): void {
    this.#covered = Math.max(this.#covered, position);
    this.#wakeUp();
  }

  #hasNews(): boolean {
    return this.#covered > this.#taken || this.#isLive !== this.#isLiveTaken;
  }

  #isFull(): boolean {
    return this.#heads.length >= MOST_WAITING_EVENTS || this.#bytes >= MOST_WAITING_BYTES;
  }

  #take(): FollowedBatch {
    const batch = {
      heads: this.#heads,
      data: `[${this.#data.join(',')}]`,
      position: this.#covered,
      isLive: this.#isLive,
    };
    this.#heads = [];
    this.#data = [];
    this.#bytes = 0;
    this.#taken = this.#covered;
    this.#isLiveTaken = this.#isLive;
    if (this.#subscription.isPaused()) this.#subscription.resume();
    return batch;
  }

  #finish(error: Error): void {
    this.#end ??= error;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** The data of an event as JSON text; on an event store in this process it is not parsed for that. */
function dataOf(event: AllStreamRecordedEvent): string {
  const json = canonicalJsonOf(event);
  if (json) return Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString();
  return event.isJson ? JSON.stringify(event.data) : 'null';
}

function toPosition(position: number): Position {
  const commit = BigInt(position);
  return { commit, prepare: commit };
}

/** @throws PosthornError `PSH_PROJECTION_POSITION_TOO_LARGE` */
export function toSafeNumber(position: bigint): number {
  const number = Number(position);
  if (Number.isSafeInteger(number)) return number;
  throw new PosthornError('PSH_PROJECTION_POSITION_TOO_LARGE');
}
