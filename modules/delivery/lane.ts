import type { LaneKey } from './lane-key.js';

/** Something that wants one place in the lane of its webhook. */
export interface LaneTask {
  /** Does the work; never rejects. The place is free again when it resolves. */
  run(): Promise<void>;
}

/** Where in a lane a task waits: deliveries just observed, or recorded ones that are due. */
export type LaneQueue = 'live' | 'backlog';

/** How fast a new lane is taken to be, until it has shown. */
const ASSUMED_DURATION_MS = 50;
/** Weight of the newest duration in the moving average. */
const NEWEST_WEIGHT = 0.2;

/**
 * The lane of one webhook: how many of its requests are under way, and what waits for a place. The two queues take
 * turns, so that neither a flood of new events nor a backlog starves the other.
 */
export class Lane {
  active = 0;
  /** The webhook as whoever came last knew it. */
  key: LaneKey;
  readonly #live: LaneTask[] = [];
  readonly #backlog: LaneTask[] = [];
  #wasLiveLast = false;
  #averageMs = ASSUMED_DURATION_MS;
  /** When each task under way began, oldest first. */
  readonly #startedAt = new Map<LaneTask, number>();

  constructor(key: LaneKey) {
    this.key = key;
  }

  get waiting(): number {
    return this.#live.length + this.#backlog.length;
  }

  waitingIn(queue: LaneQueue): number {
    return this.#queue(queue).length;
  }

  get isIdle(): boolean {
    return this.active === 0 && this.waiting === 0;
  }

  enqueue(task: LaneTask, queue: LaneQueue): void {
    this.#queue(queue).push(task);
  }

  /** Takes a task out that has not started. @returns whether it was still waiting */
  withdraw(task: LaneTask, queue: LaneQueue): boolean {
    const tasks = this.#queue(queue);
    const index = tasks.indexOf(task);
    if (index >= 0) tasks.splice(index, 1);
    return index >= 0;
  }

  next(): LaneTask | undefined {
    const first = this.#wasLiveLast ? this.#backlog : this.#live;
    const task = first.shift() ?? (first === this.#live ? this.#backlog : this.#live).shift();
    if (task) this.#wasLiveLast = !this.#wasLiveLast;
    return task;
  }

  /**
   * How long a task enqueued now has to wait, judged by what the endpoint has shown: an endpoint that hangs shows it by
   * the age of its oldest request, before any has ended.
   */
  expectedWaitMs(now: number, concurrency: number): number {
    const oldest = this.#startedAt.values().next().value;
    const durationMs = Math.max(this.#averageMs, oldest === undefined ? 0 : now - oldest);
    return ((this.waiting + 1) * durationMs) / concurrency;
  }

  started(task: LaneTask, now: number): void {
    this.active += 1;
    this.#startedAt.set(task, now);
  }

  ended(task: LaneTask, now: number): void {
    const startedAt = this.#startedAt.get(task) ?? now;
    this.#startedAt.delete(task);
    this.active -= 1;
    this.#averageMs += NEWEST_WEIGHT * (now - startedAt - this.#averageMs);
  }

  #queue(queue: LaneQueue): LaneTask[] {
    return queue === 'live' ? this.#live : this.#backlog;
  }
}
