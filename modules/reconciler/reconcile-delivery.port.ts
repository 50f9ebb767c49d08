import type { RecordedEvent } from '@eventstore/db-client';
import type { Webhook } from '../registry/index.js';

/** An event, and a webhook that it is a member of. */
export interface ExpectedDelivery {
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
  readonly webhook: Webhook;
}

/** The deliveries, as the reconciler works with them. */
export interface ReconcileDelivery {
  /** The id of the delivery, whether it is recorded or not. */
  idOf(expected: ExpectedDelivery): string;
  /**
   * Records the delivery, due now, unless it is recorded already or was purged.
   *
   * @returns the position at which it is recorded; `null` when it was not missing
   */
  record(expected: ExpectedDelivery): Promise<bigint | null>;
}

/** Injection token of the `ReconcileDelivery`. */
export const RECONCILE_DELIVERY = Symbol('posthorn.ReconcileDelivery');
