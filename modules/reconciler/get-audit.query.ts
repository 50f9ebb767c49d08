import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { UnresolvedStretch } from './reconciler.events.js';
import { Reconciler } from './reconciler.js';

/** How far it is known that every event has a delivery for each webhook that it is a member of. */
export interface AuditStatus {
  /** Position of the first event that was audited; of what lies before nothing is known. */
  readonly from: string;
  /** The audited position: all events up to here were audited. `null` before the first. */
  readonly upTo: string | null;
  /** A query with this as its minimum position shows every delivery of the audited events. */
  readonly recordedUpTo: string;
  /** Where it is not known yet. Tried again. */
  readonly unresolved: readonly UnresolvedStretch[];
}

/**
 * How far the event store is audited, by whichever instance; `null` while nothing is. With the deliveries that did not
 * succeed (`GetUndelivered`), the exact answer to what never arrived.
 *
 * @throws what the event store's client throws when it cannot be asked
 */
export class GetAudit extends Query<AuditStatus | null> {}

@QueryHandler(GetAudit)
export class GetAuditHandler implements IQueryHandler<GetAudit> {
  readonly #reconciler: Reconciler;

  constructor(reconciler: Reconciler) {
    this.#reconciler = reconciler;
  }

  async execute(): Promise<AuditStatus | null> {
    const audited = await this.#reconciler.audited();
    if (!audited) return null;
    const { from, position, recordedUpTo, unresolved } = audited;
    const hasBegun = BigInt(position) >= BigInt(from);
    return { from, upTo: hasBegun ? position : null, recordedUpTo, unresolved };
  }
}
