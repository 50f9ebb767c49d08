import { BACKWARDS, END, ErrorType } from '@eventstore/db-client';
import {
  appendCertainly,
  type EventStoreClient,
  isClientError,
  newEvents,
  type StreamNames,
} from '../../event-store/index.js';
import type { Clock } from '../../kernel/index.js';
import { type EndpointCommand, endpointDecider, type EndpointState } from './endpoint.aggregate.js';
import type { EndpointEvent } from '../endpoint.events.js';

export interface EndpointJournalDependencies {
  readonly client: Pick<EventStoreClient, 'appendToStream' | 'readStream'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly onRecorded: (event: EndpointEvent, position: bigint) => void;
}

/**
 * Reads and writes endpoint streams. What is recorded was decided on the state it was recorded on, so of several instances
 * that decide the same at once, one records it.
 */
export class EndpointJournal {
  readonly #dependencies: EndpointJournalDependencies;
  readonly #closing = new AbortController();

  constructor(dependencies: EndpointJournalDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns the position of what was recorded; `null` when there was nothing to record */
  async record(command: EndpointCommand): Promise<bigint | null> {
    const { client, clock, names, onRecorded } = this.#dependencies;
    for (;;) {
      const { state, revision } = await this.#load(command.webhookId);
      const events = endpointDecider.decide(command, state);
      if (events.length === 0) return null;
      const outcome = await appendCertainly(names.endpoint(command.webhookId), newEvents(events), {
        client,
        clock,
        expectedRevision: revision,
        signal: this.#closing.signal,
      });
      if (outcome.kind === 'purged') return null;
      if (outcome.kind === 'conflict') continue;
      for (const event of events) onRecorded(event, outcome.position);
      return outcome.position;
    }
  }

  /** Stops retrying appends of unknown outcome: whoever looks next decides again. */
  close(): void {
    this.#closing.abort();
  }

  /** Each event tells the whole state. */
  async #load(webhookId: string): Promise<{
    readonly state: EndpointState;
    readonly revision: bigint | 'no_stream';
  }> {
    const { client, names } = this.#dependencies;
    const query = { direction: BACKWARDS, fromRevision: END, maxCount: 1 } as const;
    const { initialState } = endpointDecider;
    try {
      for await (const { event } of client.readStream(names.endpoint(webhookId), query)) {
        if (!event) continue;
        const state = endpointDecider.evolve(initialState, event as unknown as EndpointEvent);
        return { state, revision: event.revision };
      }
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    return { state: initialState, revision: 'no_stream' };
  }
}
