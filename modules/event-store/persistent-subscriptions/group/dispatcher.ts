import type { ConsumerStrategy } from '../strategies/consumer-strategy.js';
import { Fifo } from './fifo.js';
import type { GroupConsumer } from './group-consumer.js';
import type { Message } from './message.js';
import { MessageHeap } from './message-heap.js';
import { OutstandingMessages } from './outstanding-messages.js';

/**
 * Hands messages to consumers: those that came back first, then new ones, each in order. A message is waiting, or
 * outstanding with one consumer, or has left.
 *
 * A message whose consumer is full (pinned strategies) waits for that consumer alone and is not looked at again before a
 * slot is free, so that one slow consumer costs the others nothing.
 */
export class Dispatcher {
  readonly #strategy: ConsumerStrategy;
  readonly #consumers = new Set<GroupConsumer>();
  readonly #outstanding = new OutstandingMessages();
  /** Handed out before, replayed, or waiting for a consumer that is gone. */
  readonly #returned = new MessageHeap();
  readonly #fresh = new Fifo<Message>();
  readonly #waitingFor = new Map<GroupConsumer, MessageHeap>();
  /** Consumers with a free slot for whom messages wait. */
  readonly #relieved = new Set<GroupConsumer>();
  #isDispatching = false;

  constructor(strategy: ConsumerStrategy) {
    this.#strategy = strategy;
  }

  get consumers(): ReadonlySet<GroupConsumer> {
    return this.#consumers;
  }

  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  get returnedCount(): number {
    return this.#returned.size;
  }

  /** Adds a message that was read after all others. */
  addFresh(message: Message): void {
    this.#fresh.push(message);
  }

  /** Adds a message that goes out before every new one. */
  addReturned(message: Message): void {
    this.#returned.add(message);
  }

  connect(consumer: GroupConsumer): void {
    this.#consumers.add(consumer);
    this.#strategy.add(consumer);
    this.#reconsiderWaiting();
  }

  /** @returns the messages that the consumer held, in order */
  disconnect(consumer: GroupConsumer): readonly Message[] {
    if (!this.#consumers.delete(consumer)) return [];
    this.#strategy.remove(consumer);
    const held = this.#outstanding.heldBy(consumer);
    for (const message of held) this.#release(message);
    this.#reconsiderWaiting();
    return held;
  }

  /** Tells that a consumer takes messages again. */
  resume(consumer: GroupConsumer): void {
    consumer.isPaused = false;
    this.#relieve(consumer);
  }

  /** Takes back the outstanding message with this id; `undefined` if there is none. */
  take(id: string): Message | undefined {
    const message = this.#outstanding.get(id);
    if (message) this.#release(message);
    return message;
  }

  /** Takes back what was handed out at `latestMs` or before. */
  takeHandedOutUntil(latestMs: number): readonly Message[] {
    const old = this.#outstanding.handedOutUntil(latestMs);
    for (const message of old) this.#release(message);
    return old;
  }

  /** Hands out whatever can be handed out. */
  dispatch(nowMs: number): void {
    if (this.#isDispatching) return; // a consumer acknowledged inside `push`: the loop that pushed goes on
    this.#isDispatching = true;
    try {
      while (this.#serveRelieved(nowMs) || this.#offerNext(nowMs));
    } finally {
      this.#isDispatching = false;
    }
  }

  #offerNext(nowMs: number): boolean {
    const message = this.#returned.peek() ?? this.#fresh.peek();
    if (!message) return false;
    if (this.#outstanding.has(message.id)) {
      this.#outstanding.wait(this.#takeNext(message));
      return true;
    }
    const consumer = this.#strategy.choose(message);
    if (!consumer) return false;
    this.#takeNext(message);
    if (consumer.canTake) this.#send(message, consumer, nowMs);
    else this.#queueOf(consumer).add(message);
    return true;
  }

  #takeNext(message: Message): Message {
    if (this.#returned.peek() === message) this.#returned.shift();
    else this.#fresh.shift();
    return message;
  }

  #serveRelieved(nowMs: number): boolean {
    if (this.#relieved.size === 0) return false;
    for (const consumer of this.#relieved) {
      const queue = this.#queueOf(consumer);
      while (consumer.canTake && queue.size > 0) this.#sendWaiting(queue, consumer, nowMs);
      this.#relieved.delete(consumer);
    }
    return true;
  }

  #sendWaiting(queue: MessageHeap, consumer: GroupConsumer, nowMs: number): void {
    const message = queue.shift();
    if (!message) return;
    if (this.#outstanding.has(message.id)) this.#outstanding.wait(message);
    else this.#send(message, consumer, nowMs);
  }

  #send(message: Message, consumer: GroupConsumer, nowMs: number): void {
    consumer.slots--;
    message.consumer = consumer;
    message.pushedAtMs = nowMs;
    this.#outstanding.add(message);
    this.#strategy.sent(message);
    consumer.isPaused = true; // before `push`, inside which the consumer may already resume
    if (consumer.sink.push(message)) consumer.isPaused = false;
  }

  #release(message: Message): void {
    for (const namesake of this.#outstanding.remove(message)) this.#returned.add(namesake);
    this.#strategy.released(message);
    if (!message.consumer) return;
    message.consumer.slots++;
    this.#relieve(message.consumer);
  }

  #relieve(consumer: GroupConsumer): void {
    if (this.#waitingFor.get(consumer)?.size && this.#consumers.has(consumer)) {
      this.#relieved.add(consumer);
    }
  }

  #queueOf(consumer: GroupConsumer): MessageHeap {
    let queue = this.#waitingFor.get(consumer);
    if (!queue) this.#waitingFor.set(consumer, (queue = new MessageHeap()));
    return queue;
  }

  /** Who gets what may have changed: everything that waits for one consumer is offered anew. */
  #reconsiderWaiting(): void {
    for (const queue of this.#waitingFor.values()) {
      for (let message = queue.shift(); message; message = queue.shift()) {
        this.#returned.add(message);
      }
    }
    this.#waitingFor.clear();
    this.#relieved.clear();
  }
}
