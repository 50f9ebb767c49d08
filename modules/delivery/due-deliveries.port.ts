import type { Observable } from 'rxjs';

/** A delivery whose next attempt is due at a known time, and which nobody has claimed. */
export interface DueDelivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

/** A delivery that some instance has claimed and not yet reported on. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly webhookId: string;
  readonly claimId: string;
  /** Instance that claimed it. */
  readonly owner: string;
  readonly leaseMs: number;
}

/** Owner of what no instance owns: whoever recorded it does not hold the code that it needs. */
export const UNOWNED = '';

/** When the earliest of the deliveries of a webhook is due that have one owner. */
export interface DueChange {
  readonly webhookId: string;
  /** Instance that owns the next attempt, or `UNOWNED`. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

/** What one batch of the log changed in the due index. */
export interface DueIndexChanges {
  /** Deliveries that became due, or will, by webhook and owner. */
  readonly due: readonly DueChange[];
  /** Claims that appeared. */
  readonly claimed: readonly ClaimedDelivery[];
  /** Deliveries whose claim has its outcome. */
  readonly settled: readonly string[];
  /** Deliveries that keep the order of their stream, and whose run has ended. */
  readonly ended: readonly string[];
  /** Commit position up to which the index now follows the log. */
  readonly position: bigint;
}

/** Which part of the deliveries of a webhook another instance may take, and from where on. */
export interface OthersQuery {
  readonly webhookId: string;
  /** This instance: its own deliveries are left out. */
  readonly owner: string;
  /** Deliveries that another instance owns are wanted when they were due at or before this, in epoch milliseconds. */
  readonly ownedDueBefore: number;
  /** Deliveries that nobody owns are wanted when they were due at or before this. */
  readonly unownedDueBefore: number;
  readonly limit: number;
  /** Only deliveries whose ids are not smaller than this. */
  readonly fromId: string;
  /** Only deliveries whose ids are smaller than this; `null`: all others. */
  readonly toId: string | null;
  /** The page begins behind this id, and goes on at the smallest one behind the greatest. */
  readonly afterId: string;
  /** Skips deliveries that this caller is already working on. */
  readonly except: ReadonlySet<string>;
}

/** What another instance may take, and when there will be more of it. */
export interface OthersPage {
  /** By id, from `afterId` on. Ids are hashes: instances that begin at different ids seldom meet. */
  readonly deliveries: readonly DueDelivery[];
  /** Whether there is any that is wanted, whatever its id. */
  readonly isAnyWanted: boolean;
  /** When the next delivery that another instance owns is due, after `ownedDueBefore`; `null` when there is none. */
  readonly nextOwnedDueAt: number | null;
  /** When the next delivery that nobody owns is due, after `unownedDueBefore`; `null` when there is none. */
  readonly nextUnownedDueAt: number | null;
}

/**
 * The due index of this instance. It follows the log, so it may lag; a claim on a stale row fails on its expected
 * revision and costs nothing else.
 */
export interface DueDeliveries {
  /** After each batch of the projection. */
  readonly changes: Observable<DueIndexChanges>;
  /** For each webhook with open deliveries that are not claimed, and each owner of some: when the earliest is due. */
  earliest(): Promise<readonly DueChange[]>;
  /** Deliveries of `webhookId`, those of all owners or of one, earliest first, whether they are due yet or not. */
  page(query: {
    readonly webhookId: string;
    readonly owner?: string;
    readonly limit: number;
    /** Skips deliveries that this caller is already working on. */
    readonly except?: ReadonlySet<string>;
  }): Promise<readonly DueDelivery[]>;
  /** Deliveries that this instance does not own, spread, so that instances which take them seldom take the same. */
  others(query: OthersQuery): Promise<OthersPage>;
  /** Claims without an outcome, by delivery id, after `afterId`. */
  claimed(query: {
    readonly limit: number;
    readonly afterId?: string;
  }): Promise<readonly ClaimedDelivery[]>;
}

export const DUE_DELIVERIES = Symbol('posthorn.DueDeliveries');
