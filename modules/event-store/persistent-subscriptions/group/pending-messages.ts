import type { Message } from './message.js';

/**
 * Every message that was read and is not done, wherever it is: waiting, outstanding, or on its way to the parked ones. What
 * comes before the first of them is done, so it is what a checkpoint may say.
 */
export class PendingMessages {
  #first: Message | undefined;
  #last: Message | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that was read first. */
  get first(): Message | undefined {
    return this.#first;
  }

  /** Adds a message that was read after all others. */
  add(message: Message): void {
    message.previous = this.#last;
    if (this.#last) this.#last.next = message;
    else this.#first = message;
    this.#last = message;
    this.#size++;
  }

  /** Takes out a message that is done. */
  remove(message: Message): void {
    if (message.previous) message.previous.next = message.next;
    else this.#first = message.next;
    if (message.next) message.next.previous = message.previous;
    else this.#last = message.previous;
    message.previous = undefined;
    message.next = undefined;
    this.#size--;
  }
}
