import type { ResolvedRecord } from '../../embedded/event-log.js';
import type { Delivery, GroupConsumer } from './group-consumer.js';

/**
 * An event on its way through a group, from the moment it was read until it is done: acknowledged, skipped or parked. One
 * object all the way; the fields that change belong to whoever holds the message at the time.
 */
export class Message implements Delivery {
  readonly id: string;
  readonly record: ResolvedRecord;
  /** Grows from message to message of the same kind (of the source, or replayed): the order of delivery. */
  readonly sequence: number;
  /** The last place before this message: the highest checkpoint that leaves it to be read again. */
  readonly after: number;
  /** Whether it comes from the parked messages, not from the source. */
  readonly isReplayed: boolean;
  retryCount = 0;

  /** Who was given it last. */
  consumer: GroupConsumer | undefined;
  pushedAtMs = 0;
  /** Bucket of a pinned strategy; -1 until one asked for it. */
  bucket = -1;

  /** Neighbours among the pending messages. */
  previous: Message | undefined;
  next: Message | undefined;

  constructor(record: ResolvedRecord, sequence: number, after: number, isReplayed: boolean) {
    this.id = (record.link ?? record.event)?.id ?? '';
    this.record = record;
    this.sequence = sequence;
    this.after = after;
    this.isReplayed = isReplayed;
  }
}

/** The order in which messages that were handed out before go out again: those of the source, then replayed ones. */
export function isBefore(one: Message, other: Message): boolean {
  if (one.isReplayed !== other.isReplayed) return other.isReplayed;
  return one.sequence < other.sequence;
}
