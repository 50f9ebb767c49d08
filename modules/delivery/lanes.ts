import type { Clock } from '../kernel/index.js';
import { Lane, type LaneQueue, type LaneTask } from './lane.js';
import { type Turn, Turns } from './turns.js';

export interface LanesOptions {
  readonly clock: Clock;
  /** Places for requests under way at once, over all webhooks. */
  readonly maxConcurrentAttempts: number;
  /** Tasks that may wait in one queue of one lane. */
  readonly maxWaitingPerLane: number;
  /** A live task joins a queue only if it can be expected to start within this time, in milliseconds. */
  readonly patienceMs: number;
}

/** The webhook whose lane is meant, and how many of its requests may be under way at once. */
export interface LaneKey extends Turn {
  readonly concurrency: number;
}

/** While fewer than this part of all places are taken, a lane is bounded by its concurrency alone. */
const PLENTY_DIVISOR = 4;

/**
 * The lanes of all webhooks, and the places they share.
 *
 * Guarantees: no webhook has more than its `concurrency` requests under way here; waiting is bounded; places are given
 * to tenants in turn, and to the lanes of a tenant in turn. While places are scarce (a quarter of them taken), a lane that already has one gets another only
 * within its fair share, so endpoints that hang cannot take the places of those that answer.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with waiting tasks. */
  readonly #turns = new Turns<LaneKey>();
  #active = 0;
  #isClosed = false;
  readonly #roomListeners = new Set<(webhookId: string) => void>();
  readonly #idleWaiters: (() => void)[] = [];

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** Requests under way. */
  get active(): number {
    return this.#active;
  }

  /** Tasks that wait for a place. */
  get waiting(): number {
    let waiting = 0;
    for (const lane of this.#lanes.values()) waiting += lane.waiting;
    return waiting;
  }

  /** Calls `listener` with a webhook whose lane has ended a task and so has room. */
  onRoom(listener: (webhookId: string) => void): void {
    this.#roomListeners.add(listener);
  }

  /**
   * How many more tasks the backlog of this webhook takes now. None until half of it is free: a page of the due index is
   * not read for one place.
   */
  backlogRoom(key: LaneKey): number {
    if (this.#isClosed) return 0;
    const lane = this.#lanes.get(key.webhookId);
    if (!lane) return key.concurrency;
    const bound = Math.min(key.concurrency, this.#options.maxWaitingPerLane);
    const room = bound - lane.waitingIn('backlog');
    return 2 * room >= bound ? room : 0;
  }

  /**
   * Starts the task, or lets it wait.
   *
   * @returns false when the task was not taken: the lane is full, or a live task would wait too long
   */
  offer(key: LaneKey, task: LaneTask, queue: LaneQueue): boolean {
    if (this.#isClosed) return false;
    const lane = this.#laneOf(key.webhookId);
    if (lane.waiting === 0 && this.#hasPlace(lane, key)) {
      this.#start(key, lane, task);
      return true;
    }
    const { clock, maxWaitingPerLane, patienceMs } = this.#options;
    if (lane.waitingIn(queue) >= maxWaitingPerLane) return false;
    if (queue === 'live' && lane.expectedWaitMs(clock.monotonic(), key.concurrency) > patienceMs) {
      return false;
    }
    lane.enqueue(task, queue);
    this.#takeTurn(key, lane);
    return true;
  }

  /** Takes a waiting task out. @returns false when it has started already */
  withdraw(key: LaneKey, task: LaneTask, queue: LaneQueue): boolean {
    const lane = this.#lanes.get(key.webhookId);
    const isWithdrawn = lane?.withdraw(task, queue) ?? false;
    if (lane && isWithdrawn) this.#forgetIfIdle(key.webhookId, lane);
    return isWithdrawn;
  }

  /** Takes no more tasks and starts none that waits; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #laneOf(webhookId: string): Lane {
    let lane = this.#lanes.get(webhookId);
    if (!lane) {
      lane = new Lane();
      this.#lanes.set(webhookId, lane);
    }
    return lane;
  }

  #hasPlace(lane: Lane, key: LaneKey): boolean {
    const max = this.#options.maxConcurrentAttempts;
    if (lane.active >= key.concurrency || this.#active >= max) return false;
    const plenty = max / PLENTY_DIVISOR;
    if (lane.active === 0 || this.#active < plenty) return true;
    return lane.active < plenty / this.#lanes.size;
  }

  #start(key: LaneKey, lane: Lane, task: LaneTask): void {
    this.#active += 1;
    lane.started(task, this.#options.clock.monotonic());
    void task.run().finally(() => {
      this.#active -= 1;
      lane.ended(task, this.#options.clock.monotonic());
      this.#takeTurn(key, lane);
      this.#fill();
      this.#forgetIfIdle(key.webhookId, lane);
      for (const listener of this.#roomListeners) listener(key.webhookId);
      if (this.#active === 0) for (const wake of this.#idleWaiters.splice(0)) wake();
    });
  }

  /** Gives free places to waiting lanes in turn. */
  #fill(): void {
    if (this.#isClosed) return;
    while (this.#active < this.#options.maxConcurrentAttempts) {
      const key = this.#turns.take();
      if (!key) return;
      const lane = this.#lanes.get(key.webhookId);
      const task = lane && this.#hasPlace(lane, key) ? lane.next() : undefined;
      // A lane that gets no place here has requests under way: its turn comes again when one of them ends.
      if (!lane || !task) continue;
      this.#start(key, lane, task);
      this.#takeTurn(key, lane);
    }
  }

  #takeTurn(key: LaneKey, lane: Lane): void {
    if (lane.waiting > 0) this.#turns.add(key);
  }

  #forgetIfIdle(webhookId: string, lane: Lane): void {
    if (lane.isIdle) this.#lanes.delete(webhookId);
  }
}
