import type {
  PersistentSubscriptionToAllResolvedEvent,
  RecordedEvent,
} from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import {
  appendCertainly,
  type EventStoreClient,
  newEvents,
  type StreamNames,
} from '../event-store/index.js';
import { type Clock, isPosthornError } from '../kernel/index.js';
import type { DispatchObserved } from './dispatch.port.js';
import type { FeedEvent } from './feed.events.js';
import type { FeedConnection } from './feed-connection.js';
import type { Membership } from './membership.js';
import { readParkedEvent } from './parked-event.js';

/** A message that fails at its fifth time is recorded and acknowledged. */
const RETRIES_BEFORE_QUARANTINE = 4;
const FIRST_PAUSE_MS = 100;

export interface MessageHandlerDependencies {
  readonly client: Pick<EventStoreClient, 'appendToStream' | 'readStream'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly membership: Membership;
  readonly dispatch: DispatchObserved;
  /** Told of each event of the application that comes. */
  readonly onReceived: (position: bigint) => void;
  /** Told when a message that was held is answered. */
  readonly onAnswered?: () => void;
}

/** A message of the consumer group. */
type Message = PersistentSubscriptionToAllResolvedEvent;

/**
 * Answers each message of the consumer group: acknowledges it once its deliveries are in the log, asks for it again when
 * that failed, and quarantines it when it failed five times.
 */
export class MessageHandler {
  readonly #logger = new Logger('Feed');
  readonly #dependencies: MessageHandlerDependencies;
  readonly #handling = new Set<Promise<void>>();
  readonly #pauses = new Set<() => void>();
  #isDraining = false;
  #quarantined = 0;

  constructor(dependencies: MessageHandlerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Messages received and not yet answered. */
  get inFlight(): number {
    return this.#handling.size;
  }

  /** Events quarantined since the start of this process. */
  get quarantined(): number {
    return this.#quarantined;
  }

  /** Pauses for nothing any more. */
  drain(): void {
    this.#isDraining = true;
    for (const end of this.#pauses) end();
  }

  /** Resolves when every message received is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#handling);
  }

  receive(message: Message, connection: FeedConnection): void {
    const { membership, onAnswered, onReceived } = this.#dependencies;
    const { event } = message;
    if (!event || !membership.isOfApplication(event)) {
      connection.acknowledgements.add(message);
      return;
    }
    if (!message.link) onReceived(event.position.commit);
    const handling = this.#handle(event, message, connection).then(() => {
      this.#handling.delete(handling);
      onAnswered?.();
    });
    this.#handling.add(handling);
  }

  /** Never rejects. */
  async #handle(event: RecordedEvent, message: Message, connection: FeedConnection): Promise<void> {
    try {
      await this.#observe(event, message, connection);
      connection.acknowledgements.add(message);
    } catch (error) {
      await this.#failed(event, message, connection, error);
    }
  }

  async #observe(
    received: RecordedEvent,
    message: Message,
    connection: FeedConnection,
  ): Promise<void> {
    const { client, clock, dispatch, membership } = this.#dependencies;
    const receivedAt = clock.monotonic();
    await membership.barrier();
    const isParked = message.link !== undefined;
    const event = isParked ? await readParkedEvent(client, received) : received;
    if (!event) return; // gone since it was parked
    const position = event.position?.commit ?? message.commitPosition ?? 0n;
    const { tenantId, webhooks } = membership.of(event, position);
    if (webhooks.length === 0) return;
    const { redeliveredUpTo } = connection;
    const mayBeRedelivered =
      isParked || message.retryCount > 0 || redeliveredUpTo === null || position <= redeliveredUpTo;
    await dispatch({ event, tenantId, webhooks, mayBeRedelivered, receivedAt });
  }

  async #failed(
    event: RecordedEvent,
    message: Message,
    connection: FeedConnection,
    error: unknown,
  ): Promise<void> {
    try {
      if (message.retryCount >= RETRIES_BEFORE_QUARANTINE && !this.#isDraining) {
        await this.#quarantine(event, error);
        connection.acknowledgements.add(message);
        return;
      }
      this.#logger.warn(`event ${event.id} of type ${event.type} comes again: ${String(error)}`);
      await this.#pause(FIRST_PAUSE_MS * 4 ** message.retryCount);
      if (!connection.hasEnded) await connection.nack(message, codeOf(error));
    } catch (failure) {
      // Unanswered, it comes again after the message timeout.
      this.#logger.error(`event ${event.id} could not be answered: ${String(failure)}`);
    }
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#isDraining) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = this.#dependencies.clock.setTimer(end, delayMs);
      this.#pauses.add(end);
    });
  }

  async #quarantine(event: RecordedEvent, error: unknown): Promise<void> {
    const { client, clock, names } = this.#dependencies;
    const quarantined: FeedEvent = {
      type: 'FeedEventQuarantined',
      data: {
        v: 1,
        position: (event.position?.commit ?? 0n).toString(),
        stream: event.streamId,
        revision: event.revision.toString(),
        eventId: event.id,
        eventType: event.type,
        code: codeOf(error),
        message: isPosthornError(error) ? error.message : 'unexpected error',
        at: new Date(clock.now()).toISOString(),
      },
    };
    await appendCertainly(names.feed, newEvents([quarantined]), {
      client,
      clock,
      expectedRevision: 'any',
    });
    this.#quarantined += 1;
    this.#logger.error(`event ${event.id} of type ${event.type} is quarantined: ${String(error)}`);
  }
}

function codeOf(error: unknown): string {
  if (isPosthornError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
