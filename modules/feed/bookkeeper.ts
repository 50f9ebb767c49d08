import { Logger } from '@nestjs/common';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { Bookmark, Bookmarks } from './bookmarks.js';
import type { ObservedPosition } from './observed-position.port.js';

/** So many events of the application are enough for a bookmark before its time. */
const MOST_EVENTS_BETWEEN = 10_000;

export interface BookkeeperDependencies {
  readonly bookmarks: Bookmarks;
  readonly observed: ObservedPosition;
  readonly clock: Clock;
  readonly intervalMs: number;
}

/**
 * Writes the bookmarks. All instances look, and whoever finds that nobody wrote one since its last look does: so mostly
 * the same instance writes, and another takes over when it stops.
 *
 * On an idle system nothing is written and nothing is asked: a bookmark is an event too, and so is what else Posthorn
 * writes; only an event of the application that was received here and lies behind the last bookmark is a reason for one.
 */
export class Bookkeeper {
  readonly #logger = new Logger('Feed');
  readonly #dependencies: BookkeeperDependencies;
  #last: Bookmark | undefined;
  #hasLooked = false;
  #newestReceived = -1n;
  #receivedCount = 0;
  #isLooking = false;
  #isStopped = true;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(dependencies: BookkeeperDependencies) {
    this.#dependencies = dependencies;
  }

  start(): void {
    this.#isStopped = false;
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  /** An event of the application came. */
  received(position: bigint): void {
    if (position > this.#newestReceived) this.#newestReceived = position;
    this.#receivedCount += 1;
    if (this.#receivedCount >= MOST_EVENTS_BETWEEN) void this.#look();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#dependencies.clock.setTimer(() => {
      void this.#look();
    }, this.#dependencies.intervalMs);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    this.#receivedCount = 0;
    try {
      if (this.#isWorthOne) await this.#recordUnlessAnotherDid();
    } catch (error) {
      this.#logger.warn(`the bookmark is not recorded, the next one will be: ${String(error)}`);
    }
    this.#isLooking = false;
    this.#schedule();
  }

  get #isWorthOne(): boolean {
    return this.#newestReceived > (this.#last?.position ?? -1n);
  }

  async #recordUnlessAnotherDid(): Promise<void> {
    const { bookmarks, observed } = this.#dependencies;
    const seen = this.#last;
    this.#last = await bookmarks.last();
    const isAnothers = this.#hasLooked && this.#last?.revision !== seen?.revision;
    this.#hasLooked = true;
    if (isAnothers) return;
    const position = await observed();
    if (position <= (this.#last?.position ?? -1n)) return;
    if (!(await bookmarks.record(position, this.#last))) return;
    const revision = this.#last?.revision ?? 'no_stream';
    this.#last = { position, revision: revision === 'no_stream' ? 0n : revision + 1n };
  }
}
