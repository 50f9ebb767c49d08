import type { DeliveryOrigin, DeliveryStatus } from './delivery.events.js';

/** The claim under which an attempt may be running. */
export interface Claim {
  readonly claimId: string;
  readonly owner: string;
  readonly leaseMs: number;
}

/** A delivery as its events tell it. */
export interface DeliveryState {
  /** `none`: there is no stream yet. */
  readonly status: DeliveryStatus | 'none';
  readonly origin: DeliveryOrigin | null;
  readonly run: number;
  readonly attemptCount: number;
  readonly runAttemptCount: number;
  /** Epoch milliseconds; `null` unless scheduled or retrying. */
  readonly dueAt: number | null;
  readonly claim: Claim | null;
  /** How long, and how often, the attempt that is due was put off; `null` when it was not. */
  readonly postponed: { readonly since: number; readonly rounds: number } | null;
  /** Digest of the definition whose code it needs, where whoever asked for the attempt did not hold it. */
  readonly needs: string | null;
  /** Whether this run was asked for by somebody. */
  readonly isReplay: boolean;
  /** Every replay of dead letters or of history that asked for this delivery. */
  readonly replayIds: readonly string[];
}

/** Nothing is recorded yet. */
export const NO_DELIVERY: DeliveryState = {
  status: 'none',
  origin: null,
  run: 1,
  attemptCount: 0,
  runAttemptCount: 0,
  dueAt: null,
  claim: null,
  postponed: null,
  needs: null,
  isReplay: false,
  replayIds: [],
};

/** Whether the delivery has a run that has not ended. */
export function isOpen(state: DeliveryState): boolean {
  return (
    state.status === 'scheduled' || state.status === 'attempting' || state.status === 'retrying'
  );
}

/** Whether the next attempt may be claimed: it is due, or the claim on it is the one that `lapsed`. */
export function isClaimable(state: DeliveryState, now: number, lapsed: string | null): boolean {
  const isDue = state.dueAt !== null && state.dueAt <= now;
  return isDue || (state.status === 'attempting' && state.claim?.claimId === lapsed);
}
