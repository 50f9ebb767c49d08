import type { Observable } from 'rxjs';

/** A delivery whose next attempt is due at a known time. */
export interface DueDelivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
  readonly run: number;
  /** Attempts made so far, over all runs. */
  readonly attemptCount: number;
  /** Attempts made so far in this run: what the retry schedule counts. */
  readonly runAttemptCount: number;
  /** Revision of the delivery's stream: a claim is appended with this as its expected revision. */
  readonly streamRevision: bigint;
  /** Instance that owns the next attempt. */
  readonly owner: string;
  /** Digest of the definition whose code it needs. */
  readonly needs: string | null;
}

/** A delivery that some instance has claimed and not yet reported on. */
export interface ClaimedDelivery extends Omit<DueDelivery, 'dueAt'> {
  readonly claimId: string;
  readonly leaseMs: number;
}

/** What became due for a webhook, and when its earliest delivery is due (epoch milliseconds). */
export interface DueChange {
  readonly webhookId: string;
  readonly dueAt: number;
}

/**
 * The due index of this instance. It follows the log, so it may lag; a claim on a stale row fails on its expected
 * revision and costs nothing else.
 */
export interface DueDeliveries {
  /** After each batch of the projection: the webhooks for which a delivery became due, and the claims that appeared. */
  readonly changes: Observable<{
    readonly due: readonly DueChange[];
    readonly claimed: readonly ClaimedDelivery[];
    /** Commit position up to which the index now follows the log. */
    readonly position: bigint;
  }>;
  /** For each webhook with open deliveries that are not claimed: when the earliest is due. */
  earliest(): Promise<readonly DueChange[]>;
  /** Deliveries of `webhookId` due at or before `dueBefore`, earliest first. */
  page(query: {
    readonly webhookId: string;
    readonly dueBefore: number;
    readonly limit: number;
    /** Skips deliveries that this caller is already working on. */
    readonly except?: ReadonlySet<string>;
  }): Promise<readonly DueDelivery[]>;
  /** Claims without an outcome, by delivery id, after `afterId`. */
  claimed(query: {
    readonly limit: number;
    readonly afterId?: string;
  }): Promise<readonly ClaimedDelivery[]>;
}

export const DUE_DELIVERIES = Symbol('posthorn.DueDeliveries');
