import type { ResolvedRecord } from './event-log.js';
import { LiveQueue } from './live-queue.js';

/** What a catch-up subscription hands over, in order. */
export type CatchUpItem =
  | { readonly kind: 'event'; readonly entry: ResolvedRecord }
  /** Everything up to this position that the subscriber wants has been handed over. */
  | { readonly kind: 'checkpoint'; readonly position: number }
  /** From here on events come as they are committed. */
  | { readonly kind: 'caught-up' }
  /** The stream is tombstoned; nothing follows. */
  | { readonly kind: 'stream-deleted' };

/** A subscription as its subscriber has it. */
export interface CatchUpSubscription {
  /** Waits for the next items; one call at a time. @returns `undefined` once it is closed */
  next(): Promise<readonly CatchUpItem[] | undefined>;
  close(): void;
}

/** A source of pages and live records; see `catch-up-to-all.ts` and `catch-up-to-stream.ts`. */
export interface CatchUpSource<Live> {
  /** Begins to put what is committed into the queue. @returns what ends it */
  follow(queue: LiveQueue<Live>): () => void;
  /** Reads the next page of history. */
  nextPage(): Promise<{ readonly items: readonly CatchUpItem[]; readonly isEnd: boolean }>;
  /** What to hand over when the end of the history is reached. */
  atEnd(): readonly CatchUpItem[];
  /** What to hand over of what was committed; drops what a page brought already. */
  live(entries: readonly Live[]): Promise<readonly CatchUpItem[]>;
}

/**
 * A subscription that first reads history by pages, then hands over what is committed. Who takes too slowly falls back to
 * pages and catches up again; nothing is lost, and no more than a bounded number of records waits.
 */
export class CatchUp<Live> implements CatchUpSubscription {
  readonly #source: CatchUpSource<Live>;
  readonly #queue = new LiveQueue<Live>();
  readonly #unfollow: () => void;
  #isLive = false;
  #isClosed = false;

  constructor(source: CatchUpSource<Live>) {
    this.#source = source;
    this.#unfollow = source.follow(this.#queue);
  }

  async next(): Promise<readonly CatchUpItem[] | undefined> {
    let items: readonly CatchUpItem[] = [];
    while (items.length === 0 && !this.#isClosed) {
      items = this.#isLive ? await this.#nextLive() : await this.#nextPage();
    }
    return this.#isClosed ? undefined : items;
  }

  close(): void {
    this.#isClosed = true;
    this.#unfollow();
    this.#queue.wake();
  }

  async #nextPage(): Promise<readonly CatchUpItem[]> {
    const { items, isEnd } = await this.#source.nextPage();
    if (!isEnd) return items;
    if (this.#queue.hasOverflowed) {
      this.#queue.restart();
      return items;
    }
    this.#isLive = true;
    return [...items, ...this.#source.atEnd(), { kind: 'caught-up' }];
  }

  async #nextLive(): Promise<readonly CatchUpItem[]> {
    await this.#queue.filled();
    if (this.#queue.hasOverflowed) {
      this.#queue.restart();
      this.#isLive = false;
      return this.#source.atEnd();
    }
    return this.#source.live(this.#queue.take());
  }
}
