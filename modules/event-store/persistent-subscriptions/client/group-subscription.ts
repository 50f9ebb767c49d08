import { type DuplexOptions, Readable } from 'node:stream';
import {
  type PersistentAction,
  type PersistentSubscriptionBase,
  type ResolvedEvent,
  UnavailableError,
} from '@eventstore/db-client';
import { toPosition, toResolvedEvent } from '../../in-process/recorded-event.js';
import type { ConnectOptions, DropReason, GroupConnection } from '../group-connection.js';
import { eventSourceOf, type GroupSource } from '../group-settings.js';
import type { Delivery } from '../group/group-consumer.js';
import type { NackAction } from '../group/subscription-group.js';
import type { PersistentSubscriptions } from '../persistent-subscriptions.js';
import { droppedError, toSubscriptionClientError } from './subscription-client-error.js';

const IN_PROCESS: Pick<ConnectOptions, 'connectionName' | 'username'> = {
  connectionName: 'in-process',
  username: 'system',
};
const ACTIONS: ReadonlySet<string> = new Set<PersistentAction>(['park', 'retry', 'skip', 'stop']);

/** Which group a subscription is for, and how much it holds. */
export interface GroupSubscriptionOptions {
  readonly subscriptions: PersistentSubscriptions;
  readonly source: GroupSource;
  readonly group: string;
  /** How many unacknowledged messages the consumer holds at a time. */
  readonly bufferSize: number;
}

/**
 * A consumer of a group as the official client has it: a readable stream of events, each to be acknowledged.
 *
 * A consumer that does not read holds at most `bufferSize` unread messages here, whatever times out meanwhile. While it
 * reads, an event arrives synchronously with its commit.
 */
export class GroupSubscription<E extends ResolvedEvent & { retryCount: number }>
  extends Readable
  implements PersistentSubscriptionBase<E>
{
  id?: string;
  readonly #options: GroupSubscriptionOptions;
  #connection: GroupConnection | undefined;
  #isFull = false;
  #hasEnded = false;

  constructor(options: GroupSubscriptionOptions, { readableHighWaterMark }: DuplexOptions = {}) {
    const { bufferSize } = options;
    const unread = Math.trunc(Math.min(readableHighWaterMark ?? bufferSize, bufferSize));
    super({ objectMode: true, highWaterMark: unread >= 1 ? unread : 1 });
    this.#options = options;
    void this.#connect();
  }

  override _read(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#connection?.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#disconnect();
    callback(error);
  }

  /** Tells that events were handled. Those of a connection that has ended are handed out again all the same. */
  async ack(...events: ResolvedEvent[]): Promise<void> {
    this.#connection?.ack(events.map(idOf));
    return Promise.resolve();
  }

  /** Tells that events were not handled, and what to do with them. */
  async nack(action: PersistentAction, reason: string, ...events: ResolvedEvent[]): Promise<void> {
    const known: NackAction = ACTIONS.has(action) ? action : 'unknown';
    this.#connection?.nack(events.map(idOf), known, reason);
    return Promise.resolve();
  }

  /** Ends the subscription: what is not acknowledged goes to other consumers at once. */
  async unsubscribe(): Promise<void> {
    if (!this.#hasEnded && !this.destroyed) {
      this.#disconnect();
      this.push(null);
    }
    return Promise.resolve();
  }

  async #connect(): Promise<void> {
    const { subscriptions, source, group, bufferSize } = this.#options;
    try {
      const connection = await subscriptions.connect(source, group, {
        ...IN_PROCESS,
        bufferSize,
        push: (delivery) => this.#deliver(delivery),
        dropped: (reason) => {
          this.#dropped(reason);
        },
      });
      if (this.#hasEnded) {
        connection.disconnect();
        return;
      }
      this.#connection = connection;
    } catch (error) {
      this.destroy(toSubscriptionClientError(error));
      return;
    }
    this.id = this.#connection.id;
    this.emit('confirmation');
    this.#connection.resume();
  }

  /** An exception of a listener ends its own subscription, and not the commit that it was told of. */
  #deliver(delivery: Delivery): boolean {
    try {
      this.#isFull = !this.push(toSubscriptionEvent(delivery));
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    return !this.#isFull;
  }

  #dropped(reason: DropReason): void {
    const { source, group } = this.#options;
    this.destroy(
      reason === 'dropped'
        ? droppedError(eventSourceOf(source), group)
        : new UnavailableError(undefined, 'The event store is closing'),
    );
  }

  #disconnect(): void {
    this.#hasEnded = true;
    this.#connection?.disconnect();
  }
}

/** Like EventStoreDB's, an event that was reached through a link has the position of the link. */
function toSubscriptionEvent({ record, retryCount }: Delivery): ResolvedEvent & {
  retryCount: number;
} {
  const resolved = { ...toResolvedEvent(record), retryCount };
  if (record.link && resolved.event) resolved.event.position = toPosition(record.link.position);
  return resolved;
}

function idOf({ link, event }: ResolvedEvent): string {
  const id = link?.id ?? event?.id;
  if (id === undefined) throw new Error('Attempted to ack an event with no id');
  return id;
}
