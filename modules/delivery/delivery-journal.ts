import { setMaxListeners } from 'node:events';
import { ErrorType } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import {
  appendCertainly,
  type EventStoreClient,
  isClientError,
  newEvents,
  type StreamNames,
} from '../event-store/index.js';
import { type Clock, fold, PosthornError } from '../kernel/index.js';
import { type DeliveryCommand, deliveryDecider } from './delivery.aggregate.js';
import type { DeliveryState } from './delivery-state.js';
import type { DeliveryEvent } from './delivery.events.js';

/** A delivery as its stream tells it. */
export interface LoadedDelivery {
  readonly state: DeliveryState;
  /** `no_stream` when nothing is recorded yet. */
  readonly revision: bigint | 'no_stream';
}

/** What a command led to. */
export interface Recorded {
  /** Empty when there was nothing to record: the command had been carried out before, or was overtaken. */
  readonly events: readonly DeliveryEvent[];
  readonly after: LoadedDelivery;
  /** Commit position of the append; `null` when nothing was appended. */
  readonly position: bigint | null;
}

/** Told of everything that was recorded, once it is. */
export type RecordedListener = (
  deliveryId: string,
  events: readonly DeliveryEvent[],
  position: bigint,
) => void;

export interface DeliveryJournalDependencies {
  readonly client: EventStoreClient;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly onRecorded: RecordedListener;
}

const NOTHING_RECORDED: LoadedDelivery = {
  state: deliveryDecider.initialState,
  revision: 'no_stream',
};

/** A command that is overtaken more often than this meets a defect, not a race. */
const MOST_DECISIONS = 20;

/**
 * Reads and writes delivery streams.
 *
 * Guarantee: a command's events are recorded at most once, and what is recorded was decided on the state it was recorded
 * on. An append of unknown outcome is retried with the same event ids until it is known; one that met another revision is
 * decided again on what is there now. So an attempt that was made is recorded whatever else happened to the delivery.
 */
export class DeliveryJournal {
  readonly #logger = new Logger('DeliveryJournal');
  readonly #dependencies: DeliveryJournalDependencies;
  readonly #closing = new AbortController();

  constructor(dependencies: DeliveryJournalDependencies) {
    this.#dependencies = dependencies;
    setMaxListeners(0, this.#closing.signal); // every append that waits to be tried again listens
  }

  /**
   * The delivery as recorded; a delivery without a stream has status `none`.
   *
   * @throws PosthornError `PSH_DELIVERY_PURGED` when its stream is tombstoned
   */
  async load(deliveryId: string): Promise<LoadedDelivery> {
    const { client, names } = this.#dependencies;
    let state = deliveryDecider.initialState;
    let revision: bigint | 'no_stream' = 'no_stream';
    try {
      for await (const { event } of client.readStream(names.delivery(deliveryId))) {
        if (!event) continue;
        state = deliveryDecider.evolve(state, event as unknown as DeliveryEvent);
        revision = event.revision;
      }
    } catch (error) {
      if (isClientError(error, ErrorType.STREAM_DELETED)) {
        throw new PosthornError('PSH_DELIVERY_PURGED');
      }
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    return { state, revision };
  }

  /**
   * Decides `command` and records what it leads to.
   *
   * @param from the delivery as last seen; a wrong guess costs one read. Default: nothing recorded yet
   * @throws PosthornError when the command is refused, `PSH_DELIVERY_PURGED` when the delivery was purged
   */
  async record(
    deliveryId: string,
    command: DeliveryCommand,
    from: LoadedDelivery = NOTHING_RECORDED,
  ): Promise<Recorded> {
    let current = from;
    for (let decisions = 0; decisions < MOST_DECISIONS; decisions++) {
      const events = deliveryDecider.decide(command, current.state);
      if (events.length === 0) return { events, after: current, position: null };
      const recorded = await this.#append(deliveryId, events, current);
      if (recorded) return recorded;
      current = await this.load(deliveryId);
    }
    throw new PosthornError('PSH_DELIVERY_CONTENDED', `delivery ${deliveryId} is contended`);
  }

  /** Stops retrying appends of unknown outcome: what is not known by now stays unknown, and is redelivered. */
  close(): void {
    this.#closing.abort();
  }

  async #append(
    deliveryId: string,
    events: readonly DeliveryEvent[],
    current: LoadedDelivery,
  ): Promise<Recorded | undefined> {
    const { client, clock, names, onRecorded } = this.#dependencies;
    const outcome = await appendCertainly(names.delivery(deliveryId), newEvents(events), {
      client,
      clock,
      expectedRevision: current.revision,
      signal: this.#closing.signal,
      onUnknown: (error, tries) => {
        this.#logger.warn(
          `outcome of an append to delivery ${deliveryId} is unknown (try ${tries}): ${error.message}`,
        );
      },
    });
    if (outcome.kind === 'conflict') return undefined;
    if (outcome.kind === 'purged') throw new PosthornError('PSH_DELIVERY_PURGED');
    const state = fold(deliveryDecider, events, current.state);
    onRecorded(deliveryId, events, outcome.position);
    // The revision is counted, not taken from the answer: the official client answers 0 for a retried first append.
    const revision =
      (current.revision === 'no_stream' ? -1n : current.revision) + BigInt(events.length);
    return { events, after: { state, revision }, position: outcome.position };
  }
}
