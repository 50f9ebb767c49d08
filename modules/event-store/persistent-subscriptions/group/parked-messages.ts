import type { ResolvedRecord } from '../../embedded/event-log.js';
import { Message } from './message.js';
import { PendingMessages } from './pending-messages.js';

/** A stretch of the stream of parked messages; `next` is the revision to go on from. */
export interface ParkedPage {
  readonly records: readonly ResolvedRecord[];
  readonly next: number;
}

/**
 * The parked messages of a group, by their revision in the stream that holds them:
 *
 *     | cut off | replayed, not all done | parked | being replayed ... stop | parked |
 *               ^ truncation             ^ from                                      ^ end
 *
 * A replayed message is cut off only once it is done, so a crash leaves it parked. To a client it is gone from the moment it
 * is replayed, as on EventStoreDB.
 */
export class ParkedMessages {
  readonly #replayed = new PendingMessages();
  #from = 0;
  #end = 0;
  #truncatedBefore = 0;
  #isTruncating = false;
  /** Revision before which the replay under way stops. */
  #stop: number | undefined;
  #isReading = false;

  /**
   * @param from revision of the first parked message
   * @param end revision that the next one gets
   */
  begin(from: number, end: number): void {
    this.#from = from;
    this.#truncatedBefore = from;
    this.#end = end;
  }

  /** How many are parked and not replayed. */
  get count(): number {
    return this.#end - this.#from;
  }

  /** How many were replayed and are not done. */
  get pendingCount(): number {
    return this.#replayed.size;
  }

  get isReplaying(): boolean {
    return this.#stop !== undefined;
  }

  /** Whether a read of them is under way. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Where the replay goes on reading; `undefined` if there is nothing to read now. */
  get nextRead(): number | undefined {
    return this.#stop === undefined || this.#isReading ? undefined : this.#from;
  }

  /** A message was parked at `revision`. */
  parked(revision: number): void {
    this.#end = Math.max(this.#end, revision + 1);
  }

  /** Begins to replay what is parked now, before revision `stopAt`; does nothing while a replay is under way. */
  replay(stopAt: number | undefined): void {
    if (this.#stop !== undefined) return;
    const stop = Math.min(stopAt ?? this.#end, this.#end);
    if (stop > this.#from) this.#stop = stop;
  }

  beginRead(): void {
    this.#isReading = true;
  }

  abandonRead(): void {
    this.#isReading = false;
  }

  /** @returns the messages to be handed out; one whose event cannot be read any more is left out */
  endRead(page: ParkedPage): readonly Message[] {
    this.#isReading = false;
    const stop = this.#stop ?? this.#from;
    const messages: Message[] = [];
    for (const record of page.records) {
      const revision = (record.link ?? record.event)?.revision ?? stop;
      if (revision >= stop || !record.event) continue;
      const message = new Message(record, revision, revision - 1, true);
      this.#replayed.add(message);
      messages.push(message);
    }
    this.#from = Math.min(page.next, stop);
    if (this.#from >= stop) this.#stop = undefined;
    return messages;
  }

  /** A replayed message was acknowledged, skipped, or parked again. */
  done(message: Message): void {
    this.#replayed.remove(message);
  }

  /** Revision before which everything is done and not cut off yet. After one was given, `truncated` must follow. */
  beginTruncation(): number | undefined {
    const before = this.#replayed.first?.sequence ?? this.#from;
    if (this.#isTruncating || before <= this.#truncatedBefore) return undefined;
    this.#isTruncating = true;
    return before;
  }

  /** @param before revision that was cut off at; `undefined` if that failed, so that it is tried again */
  truncated(before: number | undefined): void {
    this.#isTruncating = false;
    if (before !== undefined) this.#truncatedBefore = before;
  }
}
