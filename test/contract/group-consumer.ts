import { once } from 'node:events';
import type {
  PersistentAction,
  PersistentSubscriptionToAll,
  PersistentSubscriptionToAllResolvedEvent,
  PersistentSubscriptionToStream,
  PersistentSubscriptionToStreamResolvedEvent,
} from '@eventstore/db-client';

export type Message =
  PersistentSubscriptionToStreamResolvedEvent | PersistentSubscriptionToAllResolvedEvent;

/** A consumer of a group that keeps what it is given, for tests that wait for it. */
export class GroupConsumer {
  readonly subscription: PersistentSubscriptionToStream | PersistentSubscriptionToAll;
  readonly messages: Message[] = [];
  error: unknown;
  #taken = 0;
  #wake: (() => void) | undefined;

  constructor(subscription: PersistentSubscriptionToStream | PersistentSubscriptionToAll) {
    this.subscription = subscription;
    subscription.on('data', (message: Message) => {
      this.messages.push(message);
      this.#wake?.();
    });
    subscription.on('error', (error) => {
      this.error = error;
      this.#wake?.();
    });
  }

  /** The next `count` messages that were not taken yet, once they are there. */
  async take(count: number): Promise<Message[]> {
    const until = this.#taken + count;
    await this.#until(() => this.messages.length >= until);
    const taken = this.messages.slice(this.#taken, until);
    this.#taken = until;
    return taken;
  }

  /** Takes and acknowledges the next `count` messages one by one. */
  async handle(count: number): Promise<Message[]> {
    const handled: Message[] = [];
    while (handled.length < count) {
      const [message] = await this.take(1);
      if (!message) break;
      await this.ack([message]);
      handled.push(message);
    }
    return handled;
  }

  /** The error that ends the subscription, once it comes. */
  async failure(): Promise<unknown> {
    await this.#until(() => this.error !== undefined);
    return this.error;
  }

  async ack(messages: readonly Message[]): Promise<void> {
    await this.subscription.ack(...messages);
  }

  async nack(action: PersistentAction, messages: readonly Message[]): Promise<void> {
    await this.subscription.nack(action, 'not now', ...messages);
  }

  async leave(): Promise<void> {
    await this.subscription.unsubscribe();
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A consumer whose subscription is confirmed. */
export async function connected(
  subscription: PersistentSubscriptionToStream | PersistentSubscriptionToAll,
): Promise<GroupConsumer> {
  const consumer = new GroupConsumer(subscription);
  await once(subscription, 'confirmation');
  return consumer;
}

/** The `n` of numbered events. */
export function numbersOf(messages: readonly Message[]): unknown[] {
  return messages.map(({ event }) => (event?.data as { n?: unknown } | undefined)?.n);
}

export function retriesOf(messages: readonly Message[]): number[] {
  return messages.map(({ retryCount }) => retryCount);
}
