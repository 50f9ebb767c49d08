import type { ResolvedRecord } from '../../embedded/event-log.js';
import type { Latencies, Throughput } from './statistics.js';

/** A message as a consumer gets it. */
export interface Delivery {
  /** What it is acknowledged by: the id of the link if there is one, else of the event. */
  readonly id: string;
  readonly record: ResolvedRecord;
  /** How often it was handed out before. */
  readonly retryCount: number;
}

/** The other end of a connection. */
export interface ConsumerSink {
  /**
   * Takes a message. May acknowledge it, or others, before it returns; must not throw.
   * @returns whether it takes more; after `false` it gets nothing until it says `resume`
   */
  push(delivery: Delivery): boolean;
}

/** A connected consumer, as its group sees it. */
export class GroupConsumer {
  readonly sink: ConsumerSink;
  readonly bufferSize: number;
  readonly throughput: Throughput;
  readonly latencies: Latencies | undefined;
  /** How many more messages it may hold. */
  slots: number;
  /** Begins paused, until the connection says `resume`. */
  isPaused = true;

  constructor(
    sink: ConsumerSink,
    bufferSize: number,
    throughput: Throughput,
    latencies: Latencies | undefined,
  ) {
    this.sink = sink;
    this.bufferSize = bufferSize;
    this.slots = bufferSize;
    this.throughput = throughput;
    this.latencies = latencies;
  }

  /** Whether it can be given a message now. */
  get canTake(): boolean {
    return this.slots > 0 && !this.isPaused;
  }

  get inFlight(): number {
    return this.bufferSize - this.slots;
  }
}
