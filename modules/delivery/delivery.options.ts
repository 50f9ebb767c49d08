import { DEFAULT_DISABLE_AFTER_MS } from './endpoint-watch/endpoint-watch.js';

/** How this instance delivers. */
export interface DeliveryOptions {
  /** Name of this instance, different from every other and from its own earlier lives. */
  readonly instanceId: string;
  /** An observed event is acknowledged at most this long after it was received, in milliseconds. Default 1000. */
  readonly inlineWindowMs: number;
  /** Requests under way at once, over all webhooks. Default 1024. */
  readonly maxConcurrentAttempts: number;
  /** Requests under way at once to one origin (scheme, host and port), over all webhooks. Default 256. */
  readonly maxConcurrentPerOrigin: number;
  /** How long a `Retry-After` holds back the other deliveries of a webhook at most, in milliseconds. Default 1 h. */
  readonly retryAfterLimitMs: number;
  /**
   * How long an attempt that cannot be made, for a reason that is not the endpoint's, is put off before it counts as a
   * failed one, in milliseconds. Default 24 h.
   */
  readonly postponeLimitMs: number;
  /**
   * For how long every attempt of a webhook has to have failed until it is disabled, in milliseconds; `null`: it never is.
   * Default 5 days.
   */
  readonly disableAfterMs: number | null;
  /** Deliveries that may wait for a place in one queue of one webhook's lane. Default 1000. */
  readonly maxWaitingPerLane: number;
  /** How long a shutdown waits for requests under way before it aborts them, in milliseconds. Default 10000. */
  readonly drainTimeoutMs: number;
}

export const DELIVERY_DEFAULTS = {
  inlineWindowMs: 1_000,
  maxConcurrentAttempts: 1_024,
  maxConcurrentPerOrigin: 256,
  retryAfterLimitMs: 3_600_000,
  postponeLimitMs: 24 * 3_600_000,
  disableAfterMs: DEFAULT_DISABLE_AFTER_MS,
  maxWaitingPerLane: 1_000,
  drainTimeoutMs: 10_000,
} as const satisfies Omit<DeliveryOptions, 'instanceId'>;

/** Injection token of the `DeliveryOptions`. */
export const DELIVERY_OPTIONS = Symbol('posthorn.DeliveryOptions');

/** What a claim's lease allows beyond the webhook's own timeout: reading the event, recording the outcome. */
export const LEASE_MARGIN_MS = 10_000;

/**
 * An attempt that has not begun this long after its claim was begun is not made: with the webhook's timeout it would leave
 * too little of the lease to record its outcome.
 */
export const LATEST_START_MS = LEASE_MARGIN_MS / 2;
