import type { CancelTimer, Clock } from '../kernel/index.js';
import { Agenda } from './agenda.js';
import { Lane, type LaneQueue, type LaneTask } from './lane.js';
import type { LaneKey } from './lane-key.js';
import { OriginPlaces } from './origin-places.js';
import type { LanePaceState } from './pace/lane-pace.js';
import type { LaneReport } from './pace/lane-signal.js';
import { Paces } from './pace/paces.js';
import { Turns } from './turns.js';

export interface LanesOptions {
  readonly clock: Clock;
  /** Places for requests under way at once, over all webhooks. */
  readonly maxConcurrentAttempts: number;
  /** Tasks that may wait in one queue of one lane. */
  readonly maxWaitingPerLane: number;
  /** A live task joins a queue only if it can be expected to start within this time, in milliseconds. */
  readonly patienceMs: number;
  /** Requests under way at once to one origin. */
  readonly maxConcurrentPerOrigin: number;
  /** How long a `Retry-After` closes a lane at most, in milliseconds. */
  readonly longestRetryAfterMs: number;
}

/** How a lane goes here and now. */
export interface LaneState extends LanePaceState {
  /** Requests under way. */
  readonly active: number;
  /** Deliveries that wait for a place; those that are recorded for later are more. */
  readonly waiting: number;
}

/** What a lane waits for before it may start a request. */
type Standing = 'free' | 'crowded' | 'busy' | 'origin-full' | { readonly opensAt: number };

/** While fewer than this part of all places are taken, a lane is bounded by its concurrency alone. */
const PLENTY_DIVISOR = 4;

/**
 * The lanes of all webhooks, and the places they share.
 *
 * Guarantees: no webhook has more than its `concurrency` requests under way here, starts more than its rate limit allows, or
 * more than its endpoint was seen to bear (see `LanePace`); no origin has more than its own; waiting is bounded and costs no
 * attempt; places are given
 * to tenants in turn, and to the lanes of a tenant in turn. While places are scarce (a quarter of them taken), a lane that already has one gets another only
 * within its fair share, so endpoints that hang cannot take the places of those that answer.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with waiting tasks. */
  readonly #turns = new Turns<LaneKey>();
  readonly #origins: OriginPlaces;
  readonly #paces: Paces;
  /** When the lanes open again that somebody waits for, on the monotonic clock: one timer serves all. */
  readonly #openings = new Agenda();
  #cancelTimer: CancelTimer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #active = 0;
  #isClosed = false;
  readonly #roomListeners = new Set<(webhookId: string) => void>();
  readonly #idleWaiters: (() => void)[] = [];

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#origins = new OriginPlaces(options.maxConcurrentPerOrigin);
    this.#paces = new Paces(options);
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

  /** How the lane of a webhook goes. */
  stateOf(key: LaneKey): LaneState {
    const lane = this.#lanes.get(key.webhookId);
    const pace = this.#paces.of(key);
    const { active = 0, waiting = 0 } = lane ?? {};
    const free = {
      concurrency: key.concurrency,
      breaker: 'closed',
      opensInMs: 0,
      reason: null,
    } as const;
    const now = this.#options.clock.monotonic();
    return { active, waiting, ...(pace?.stateAt(now, key.concurrency) ?? free) };
  }

  /** Whether the lane would not start a task now although it had places: its pace does not allow it. */
  isSlowed(key: LaneKey): boolean {
    const pace = this.#paces.of(key);
    if (!pace) return false;
    const now = this.#options.clock.monotonic();
    return pace.opensAt > now || pace.concurrency(key.concurrency) < key.concurrency;
  }

  /**
   * Takes in what a request met, before its place is free again.
   *
   * @param startedAt when it started, on the monotonic clock
   */
  met(key: LaneKey, report: LaneReport, startedAt: number): void {
    const now = this.#options.clock.monotonic();
    const wasClosed = (this.#paces.find(key.webhookId)?.opensAt ?? now) > now;
    this.#paces.met(key, report, now, startedAt);
    const isOpen = (this.#paces.find(key.webhookId)?.opensAt ?? now) <= now;
    if (wasClosed && isOpen) this.#open(key.webhookId);
  }

  /** The webhook was changed, or resumed: what its endpoint has shown so far counts no more. */
  webhookChanged(webhookId: string): void {
    if (!this.#paces.find(webhookId)) return;
    this.#paces.reset(webhookId);
    this.#open(webhookId);
  }

  /** Calls `listener` with a webhook whose lane has ended a task or opened again, and so has room. */
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
    const pace = this.#paces.of(key);
    if (!lane && !pace) return key.concurrency;
    if (pace && this.#isClosedForLong(key, pace.opensAt)) return 0;
    const concurrency = pace?.concurrency(key.concurrency) ?? key.concurrency;
    const bound = Math.min(concurrency, this.#options.maxWaitingPerLane);
    const room = bound - (lane?.waitingIn('backlog') ?? 0);
    return 2 * room >= bound ? room : 0;
  }

  /**
   * Starts the task, or lets it wait.
   *
   * @returns false when the task was not taken: the lane is full, or a live task would wait too long
   */
  offer(key: LaneKey, task: LaneTask, queue: LaneQueue): boolean {
    if (this.#isClosed) return false;
    const lane = this.#laneOf(key);
    const standing = this.#standing(lane, key);
    if (lane.waiting === 0 && standing === 'free') {
      this.#start(key, lane, task);
      return true;
    }
    const isTaken = this.#mayWait(lane, key, queue);
    if (isTaken) {
      lane.enqueue(task, queue);
      this.#lineUp(key, lane, standing);
    } else this.#forgetIfIdle(key.webhookId, lane);
    return isTaken;
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
    this.#cancelTimer?.();
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #laneOf(key: LaneKey): Lane {
    let lane = this.#lanes.get(key.webhookId);
    if (!lane) {
      lane = new Lane(key);
      this.#lanes.set(key.webhookId, lane);
    }
    lane.key = key;
    return lane;
  }

  #mayWait(lane: Lane, key: LaneKey, queue: LaneQueue): boolean {
    const { clock, maxWaitingPerLane, patienceMs } = this.#options;
    if (lane.waitingIn(queue) >= maxWaitingPerLane) return false;
    if (queue === 'backlog') return true;
    const now = clock.monotonic();
    const pace = this.#paces.of(key);
    const concurrency = pace?.concurrency(key.concurrency) ?? key.concurrency;
    const hasPlaces = pace !== undefined && lane.active + lane.waiting < concurrency;
    const waitMs = hasPlaces ? 0 : lane.expectedWaitMs(now, concurrency);
    return Math.max(waitMs, pace?.waitMs(now, lane.waiting + 1) ?? 0) <= patienceMs;
  }

  /** Whether the lane opens only after longer than a task waits in it; then its backlog is asked for again when it does. */
  #isClosedForLong(key: LaneKey, opensAt: number): boolean {
    const isLong = opensAt > this.#options.clock.monotonic() + this.#options.patienceMs;
    if (isLong) this.#opensAt(key.webhookId, opensAt);
    return isLong;
  }

  /** Whether the lane may start a request now, and if not, what it has to wait for. */
  #standing(lane: Lane, key: LaneKey): Standing {
    const max = this.#options.maxConcurrentAttempts;
    if (this.#active >= max) return 'crowded';
    const pace = this.#paces.of(key);
    if (lane.active >= (pace?.concurrency(key.concurrency) ?? key.concurrency)) return 'busy';
    const plenty = max / PLENTY_DIVISOR;
    const isScarce = lane.active > 0 && this.#active >= plenty;
    if (isScarce && lane.active >= plenty / this.#lanes.size) return 'busy';
    if (pace && pace.opensAt > this.#options.clock.monotonic()) return { opensAt: pace.opensAt };
    return this.#origins.hasRoom(key) ? 'free' : 'origin-full';
  }

  #start(key: LaneKey, lane: Lane, task: LaneTask): void {
    const { clock } = this.#options;
    this.#active += 1;
    this.#origins.take(key);
    lane.started(task, clock.monotonic());
    this.#paces.of(key)?.started(clock.monotonic());
    void task.run().finally(() => {
      this.#active -= 1;
      this.#origins.leave(key);
      lane.ended(task, clock.monotonic());
      // Before its own turn: else the lane that has places would have them for ever.
      this.#passOn(key);
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
      const standing = lane ? this.#standing(lane, key) : 'busy';
      const task = standing === 'free' ? lane?.next() : undefined;
      if (lane && task) {
        this.#start(key, lane, task);
        this.#takeTurn(key, lane);
      } else {
        if (lane) this.#lineUp(key, lane, standing);
        this.#passOn(key);
      }
    }
  }

  /** Lets a lane wait for what it lacks. */
  #lineUp(key: LaneKey, lane: Lane, standing: Standing): void {
    if (lane.waiting === 0) return;
    if (standing === 'free' || standing === 'crowded') this.#turns.add(key);
    else if (standing === 'origin-full') this.#origins.wait(key);
    else if (standing !== 'busy') this.#opensAt(key.webhookId, standing.opensAt);
    // A busy lane has requests under way: its turn comes again when one of them ends.
  }

  /** A place of an origin that this lane does not use goes to another one. */
  #passOn(key: LaneKey): void {
    const next = this.#origins.next(key);
    if (next) this.#turns.add(next);
  }

  #opensAt(webhookId: string, opensAt: number): void {
    this.#openings.set(webhookId, opensAt);
    this.#armTimer();
  }

  #armTimer(): void {
    const next = this.#openings.earliest;
    if (next === undefined || this.#isClosed || this.#timerAt <= next) return;
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#timerAt = next;
    this.#cancelTimer = clock.setTimer(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      const now = clock.monotonic();
      for (let id = this.#openings.take(now); id; id = this.#openings.take(now)) this.#open(id);
      this.#armTimer();
    }, next - clock.monotonic());
  }

  /** The lane may go on, as far as time is concerned. */
  #open(webhookId: string): void {
    if (this.#isClosed) return;
    const lane = this.#lanes.get(webhookId);
    if (lane) this.#takeTurn(lane.key, lane);
    this.#fill();
    for (const listener of this.#roomListeners) listener(webhookId);
  }

  #takeTurn(key: LaneKey, lane: Lane): void {
    if (lane.waiting > 0) this.#turns.add(key);
  }

  #forgetIfIdle(webhookId: string, lane: Lane): void {
    if (!lane.isIdle) return;
    this.#lanes.delete(webhookId);
    this.#paces.forgetIfAtRest(webhookId, this.#options.clock.monotonic());
  }
}
