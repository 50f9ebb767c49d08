import type { GroupConsumer } from '../group/group-consumer.js';
import type { Message } from '../group/message.js';

/** Decides which consumer of a group gets a message. */
export interface ConsumerStrategy {
  add(consumer: GroupConsumer): void;
  remove(consumer: GroupConsumer): void;
  /**
   * The consumer that `message` is for. One that cannot take it now keeps it waiting: it is offered to no other.
   * @returns `undefined` when nobody can take a message, so that nothing more needs to be offered
   */
  choose(message: Message): GroupConsumer | undefined;
  /** A consumer was given `message`. */
  sent(message: Message): void;
  /** `message`, which a consumer held, is no longer outstanding. */
  released(message: Message): void;
}
