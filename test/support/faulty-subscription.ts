import { Readable } from 'node:stream';
import type {
  PersistentAction,
  PersistentSubscriptionToAll,
  PersistentSubscriptionToAllResolvedEvent,
  ResolvedEvent,
} from '@eventstore/db-client';

export type Message = PersistentSubscriptionToAllResolvedEvent;

/** What becomes of a message on its way. */
export type Fate =
  | { readonly kind: 'pass' }
  /** Acknowledged by nobody's hand, and never given to the consumer. */
  | { readonly kind: 'lose' }
  /** Given now, and once more after a while. */
  | { readonly kind: 'repeat'; readonly afterMs: number }
  /** Given after a while: behind those that came later. */
  | { readonly kind: 'delay'; readonly delayMs: number };

export interface FaultySubscriptionOptions {
  readonly inner: PersistentSubscriptionToAll;
  readonly fateOf: (message: Message) => Fate;
  /** Told after each message that came, whatever became of it. */
  readonly onMessage: (message: Message) => void;
}

/** A subscription of a consumer group between the event store and the consumer, on which messages meet their fates. */
export class FaultySubscription extends Readable {
  id?: string;
  /** Ids of the events that the consumer was given and has not answered. */
  readonly held = new Set<string>();
  readonly #options: FaultySubscriptionOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isSilent = false;
  #isUnconfirmed = false;

  constructor(options: FaultySubscriptionOptions) {
    super({ objectMode: true, highWaterMark: 4_096, read: () => undefined });
    this.#options = options;
    const { inner } = options;
    inner.on('confirmation', () => {
      if (!this.#isUnconfirmed && !this.#isSilent) this.emit('confirmation');
    });
    inner.on('data', (message: Message) => {
      this.#arrived(message);
    });
    inner.on('error', (error) => {
      if (!this.#isSilent) this.destroy(error);
    });
    inner.on('close', () => {
      if (!this.#isSilent) this.destroy();
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    for (const timer of this.#timers) clearTimeout(timer);
    callback(error);
  }

  /** From now on nothing comes through, and nothing says so: a connection that is half-open. */
  silence(): void {
    this.#isSilent = true;
  }

  /** The event store confirms it, and nobody hears of that. */
  neverConfirm(): void {
    this.#isUnconfirmed = true;
  }

  /** The connection is lost, as the consumer is told by `error`; the event store notices too. */
  cut(error: Error): void {
    void this.#options.inner.unsubscribe().catch(() => undefined);
    this.destroy(error);
  }

  async ack(...events: ResolvedEvent[]): Promise<void> {
    for (const { event } of events) if (event) this.held.delete(event.id);
    if (!this.#isSilent) await this.#options.inner.ack(...events);
  }

  async nack(action: PersistentAction, reason: string, ...events: ResolvedEvent[]): Promise<void> {
    for (const { event } of events) if (event) this.held.delete(event.id);
    if (!this.#isSilent) await this.#options.inner.nack(action, reason, ...events);
  }

  async unsubscribe(): Promise<void> {
    await this.#options.inner.unsubscribe();
    this.destroy();
  }

  #arrived(message: Message): void {
    if (this.#isSilent || this.destroyed) return;
    const fate = this.#options.fateOf(message);
    if (fate.kind === 'lose') void this.#options.inner.ack(message);
    if (fate.kind === 'pass' || fate.kind === 'repeat') this.#give(message);
    if (fate.kind === 'repeat') this.#giveLater(message, fate.afterMs);
    if (fate.kind === 'delay') this.#giveLater(message, fate.delayMs);
    this.#options.onMessage(message);
  }

  #giveLater(message: Message, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#give(message);
    }, delayMs);
    this.#timers.add(timer);
  }

  #give(message: Message): void {
    if (this.#isSilent || this.destroyed) return;
    if (message.event) this.held.add(message.event.id);
    this.push(message);
  }
}
