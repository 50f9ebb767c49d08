import type { RateLimit } from '../../registry/index.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.js';
import type { LaneReport } from './lane-signal.js';
import { TokenBucket } from './token-bucket.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A day after which an endpoint that still fails is asked again, one request at a time. */
const LONGEST_HOLD_MS = 24 * HOUR;

/**
 * Five minutes without a success: shorter outages, restarts and deploys of a receiver are what the retry schedules are for, and
 * each webhook has its own.
 */
const ENDPOINT_BREAKER = {
  threshold: 10,
  patienceMs: 5 * MINUTE,
  openMs: SECOND,
  longestOpenMs: 60 * SECOND,
  longestHoldMs: LONGEST_HOLD_MS,
  trickleMs: SECOND,
};

const FAILURES: ReadonlySet<LaneReport['signal']> = new Set([
  'unavailable',
  'unreachable',
  'broken',
]);

/** What stands between us and every endpoint is believed at once. */
const OUTLET_BREAKER = { ...ENDPOINT_BREAKER, threshold: 1, patienceMs: 0 };

export interface LanePaceOptions {
  /** How long a `Retry-After` closes the lane at most, in milliseconds. */
  readonly longestRetryAfterMs: number;
}

/** How a lane goes, for those who look on. Times are milliseconds from now. */
export interface LanePaceState {
  /** Requests that may be under way now. */
  readonly concurrency: number;
  readonly breaker: BreakerState;
  /** Until the next request may start; 0 when it may start now. */
  readonly opensInMs: number;
  /** Why it is closed for longer than its rate asks for, or slowed; `null` when it is neither. */
  readonly reason: 'retry-after' | 'breaker' | 'postponed' | 'overloaded' | 'rate-limit' | null;
}

/**
 * How fast the lane of one webhook may go: its rate limit, what its endpoint has asked for, and what it has shown to bear.
 * Times are those of the monotonic clock. Per instance, and forgotten with the process: what the endpoint shows is learnt
 * again within some requests.
 */
export class LanePace {
  readonly #options: LanePaceOptions;
  #bucket: TokenBucket | null = null;
  #adaptive = new AdaptiveLimit();
  #endpoint = new CircuitBreaker(ENDPOINT_BREAKER);
  #outlet = new CircuitBreaker(OUTLET_BREAKER);
  #closedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: LanePaceOptions) {
    this.#options = options;
  }

  /** Takes up the rate limit of the webhook as it is now. */
  limitTo(limit: RateLimit | null): void {
    if (limit === null && this.#bucket === null) return;
    if (limit !== null && this.#bucket?.isOf(limit)) return;
    this.#bucket = limit === null ? null : new TokenBucket(limit);
  }

  /** @param most what the webhook allows */
  concurrency(most: number): number {
    if (this.#endpoint.isTripped || this.#outlet.isTripped) return 1;
    return this.#adaptive.concurrency(most);
  }

  /** Monotonic time from which the next request may start. */
  get opensAt(): number {
    return Math.max(this.#closedAt, this.#adaptive.nextAt, this.#bucket?.nextAt ?? -Infinity);
  }

  /** How long the last of `waiting` tasks waits for its turn, whatever the requests under way do; in milliseconds. */
  waitMs(now: number, waiting: number): number {
    const spacing = Math.max(this.#bucket?.spacingMs ?? 0, this.#adaptive.gapMs);
    return Math.max(0, this.opensAt - now) + (waiting - 1) * spacing;
  }

  /** Whether there is nothing to remember. */
  isAtRest(now: number): boolean {
    const { isAtRest } = this.#adaptive;
    if (!isAtRest || !this.#endpoint.isAtRest || !this.#outlet.isAtRest) return false;
    return this.#closedUntil <= now && (this.#bucket?.isFull(now) ?? true);
  }

  started(now: number): void {
    this.#bucket?.take(now);
    this.#adaptive.started(now);
  }

  /** Takes in what a request met that started at `startedAt`. */
  met({ signal, retryAfterMs }: LaneReport, now: number, startedAt: number, most: number): void {
    if (signal === 'unasked') {
      this.#outlet.failed(now, startedAt);
      return;
    }
    this.#outlet.succeeded();
    if (signal === 'overloaded' || signal === 'unavailable') {
      this.#adaptive.slow(now, startedAt, most);
    } else if (signal === 'answers') this.#adaptive.recover(most);
    if (FAILURES.has(signal)) this.#endpoint.failed(now, startedAt);
    else this.#endpoint.succeeded();
    if (retryAfterMs === null) return;
    const closedMs = Math.min(retryAfterMs, this.#options.longestRetryAfterMs);
    this.#closedUntil = Math.max(this.#closedUntil, now + closedMs);
  }

  /** Forgets what the endpoint has shown, since it may be another one, or mended; not what has used up its rate. */
  reset(): void {
    this.#adaptive = new AdaptiveLimit();
    this.#endpoint = new CircuitBreaker(ENDPOINT_BREAKER);
    this.#outlet = new CircuitBreaker(OUTLET_BREAKER);
    this.#closedUntil = Number.NEGATIVE_INFINITY;
  }

  stateAt(now: number, most: number): LanePaceState {
    return {
      concurrency: this.concurrency(most),
      breaker: this.#endpoint.stateAt(now),
      opensInMs: Math.max(0, Math.ceil(this.opensAt - now)),
      reason: this.#reasonAt(now),
    };
  }

  get #closedAt(): number {
    return Math.max(this.#closedUntil, this.#endpoint.nextAt, this.#outlet.nextAt);
  }

  #reasonAt(now: number): LanePaceState['reason'] {
    if (this.#closedUntil > now) return 'retry-after';
    if (this.#endpoint.isTripped) return 'breaker';
    if (this.#outlet.isTripped) return 'postponed';
    if (!this.#adaptive.isAtRest) return 'overloaded';
    return (this.#bucket?.nextAt ?? -Infinity) > now ? 'rate-limit' : null;
  }
}
