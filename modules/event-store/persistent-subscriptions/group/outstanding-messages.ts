import type { GroupConsumer } from './group-consumer.js';
import type { Message } from './message.js';

/**
 * The messages that consumers hold, by the id they are acknowledged by, oldest first.
 *
 * Event ids are not unique: the same one may stand in two streams, or twice in one. Of messages with equal ids only one is
 * ever outstanding; the others wait for it, so that an acknowledgement means one message.
 */
export class OutstandingMessages {
  /** In the order of handing out, because a message is always added anew. */
  readonly #byId = new Map<string, Message>();
  readonly #namesakes = new Map<string, Message[]>();

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  get(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  add(message: Message): void {
    this.#byId.set(message.id, message);
  }

  /** Takes a message out. @returns those that waited for its id */
  remove(message: Message): readonly Message[] {
    this.#byId.delete(message.id);
    if (this.#namesakes.size === 0) return [];
    const waited = this.#namesakes.get(message.id) ?? [];
    this.#namesakes.delete(message.id);
    return waited;
  }

  /** Keeps a message until the outstanding one with its id is done. */
  wait(message: Message): void {
    const waiting = this.#namesakes.get(message.id);
    if (waiting) waiting.push(message);
    else this.#namesakes.set(message.id, [message]);
  }

  heldBy(consumer: GroupConsumer): Message[] {
    return [...this.#byId.values()].filter((message) => message.consumer === consumer);
  }

  /** Those handed out at `latestMs` or before. */
  handedOutUntil(latestMs: number): Message[] {
    const old: Message[] = [];
    for (const message of this.#byId.values()) {
      if (message.pushedAtMs > latestMs) break;
      old.push(message);
    }
    return old;
  }
}
