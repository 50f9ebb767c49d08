import type { NackAction } from './group/subscription-group.js';
import type { Delivery } from './group/group-consumer.js';

/** Why a consumer is cut off: its group is gone or was replaced, or the whole event store closes. */
export type DropReason = 'dropped' | 'unavailable';

/** Who connects to a group, and how it is reached. */
export interface ConnectOptions {
  /** How many messages the consumer holds at a time. */
  readonly bufferSize: number;
  readonly connectionName: string;
  readonly username: string;
  /**
   * Takes a message, synchronously with the commit of its event if nothing is in the way. May acknowledge it before it
   * returns; must not throw.
   * @returns whether the consumer takes more; after `false` it gets nothing until it calls `resume`
   */
  push(delivery: Delivery): boolean;
  /** The connection has ended from this side; called once, and not after `disconnect`. Must not throw. */
  dropped(reason: DropReason): void;
}

/** A consumer's end of a group. */
export interface GroupConnection {
  /** Id of the subscription, as clients are told it. */
  readonly id: string;
  /** Lets messages come: to be called once after connecting, and again whenever `push` had returned `false`. */
  resume(): void;
  /** Tells that messages were processed; unknown ids are ignored. Any consumer may speak for any message of the group. */
  ack(ids: readonly string[]): void;
  /** Tells that messages were not processed, and what to do with them. */
  nack(ids: readonly string[], action: NackAction, reason: string): void;
  /** Ends the connection: what it still holds goes to others at once. */
  disconnect(): void;
}
