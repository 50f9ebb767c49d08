import { randomUUID } from 'node:crypto';
import { Readable, type ReadableOptions } from 'node:stream';
import type { ReadableSubscription } from '@eventstore/db-client';
import type { CatchUpItem, CatchUpSubscription } from '../embedded/catch-up.js';
import type { ResolvedRecord } from '../embedded/event-log.js';
import { toClientError } from './client-errors.js';

/** What a subscription needs to know of its kind. */
export interface SubscriptionFace<E> {
  readonly convert: (entry: ResolvedRecord) => E;
  /** What it fails with when its stream is tombstoned. */
  readonly deleted: () => Error;
  readonly checkpointReached?: (position: number) => Promise<void> | void;
}

/**
 * A catch-up subscription as a `Readable`: takes from the engine only what its consumer has room for.
 *
 * `checkpointReached` is called when every event before the checkpoint has been handed to the consumer, and awaited before
 * anything that comes after it is. If it fails, the subscription fails.
 */
export class RecordSubscription<E> extends Readable implements ReadableSubscription<E> {
  id?: string;
  readonly #source: CatchUpSubscription;
  readonly #face: SubscriptionFace<E>;
  #items: readonly CatchUpItem[] = [];
  #taken = 0;
  #isPumping = false;
  #hasRoom = false;
  #hasEnded = false;
  #drained: (() => void) | undefined;

  constructor(source: CatchUpSubscription, face: SubscriptionFace<E>, options: ReadableOptions) {
    super({ ...options, objectMode: true });
    this.#source = source;
    this.#face = face;
    process.nextTick(() => {
      if (this.#hasEnded || this.destroyed) return;
      this.id = randomUUID();
      this.emit('confirmation');
      this.read(0);
    });
  }

  override _read(): void {
    this.#hasRoom = true;
    if (!this.#isPumping) void this.#pump();
  }

  override read(size?: number): unknown {
    const entry: unknown = super.read(size);
    if (this.readableLength === 0) this.#wake();
    return entry;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop();
    callback(error);
  }

  /** Ends the subscription. What it holds for its consumer already still comes, then the end. */
  async unsubscribe(): Promise<void> {
    if (!this.#hasEnded && !this.destroyed) {
      this.#stop();
      this.push(null);
    }
    return new Promise((resolve) => setImmediate(resolve));
  }

  #stop(): void {
    this.#hasEnded = true;
    this.#items = [];
    this.#source.close();
    this.#wake();
  }

  #wake(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#hasRoom && !this.#hasEnded) {
        const item = this.#items[this.#taken++];
        if (item?.kind === 'event') this.#hasRoom = this.push(this.#face.convert(item.entry));
        else if (item) await this.#heed(item);
        else await this.#fetch();
      }
    } catch (error) {
      this.destroy(toClientError(error));
    } finally {
      this.#isPumping = false;
    }
  }

  async #fetch(): Promise<void> {
    this.#items = (await this.#source.next()) ?? [];
    this.#taken = 0;
  }

  async #heed(item: Exclude<CatchUpItem, { kind: 'event' }>): Promise<void> {
    switch (item.kind) {
      case 'caught-up':
        this.emit('caughtUp');
        return;
      case 'stream-deleted':
        await this.#allTaken();
        this.destroy(this.#face.deleted());
        return;
      case 'checkpoint':
        if (!this.#face.checkpointReached) return;
        await this.#allTaken();
        if (!this.#hasEnded) await this.#face.checkpointReached(item.position);
    }
  }

  /** Resolves when the consumer has taken everything that was pushed. */
  async #allTaken(): Promise<void> {
    while (this.readableLength > 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
  }
}
