import type {
  ClaimedDelivery,
  DueChange,
  DueIndexChanges,
} from '../../modules/delivery/due-deliveries.port.js';
import type { DeliveryRow } from '../deliveries/deliveries.schema.js';

/** What a batch changed in the index of what is due, as plain data. */
export type DueChanges = Omit<DueIndexChanges, 'position'>;

/** Adds up what a batch means for what is due. */
export class DueChangesOfBatch {
  readonly #earliest = new Map<string, Map<string, number>>();
  readonly #claimed: ClaimedDelivery[] = [];
  readonly #settled: string[] = [];
  readonly #ended: string[] = [];

  /**
   * @param row a delivery that the batch touched, as it is after it
   * @param claimBefore id of the claim it had before
   */
  add(row: DeliveryRow, claimBefore: string | null): void {
    if (row.due_at !== null) this.becameDue(row.webhook_id, row.owner, row.due_at);
    if (row.order_policy !== null && row.completed_at !== null) this.#ended.push(row.id);
    if (row.claim_id === claimBefore) return;
    if (row.claim_id === null || row.lease_ms === null) {
      this.#settled.push(row.id);
      return;
    }
    this.#claimed.push({
      deliveryId: row.id,
      webhookId: row.webhook_id,
      claimId: row.claim_id,
      owner: row.owner,
      leaseMs: row.lease_ms,
    });
  }

  changes(): DueChanges {
    const due: DueChange[] = [];
    for (const [webhookId, owners] of this.#earliest) {
      for (const [owner, dueAt] of owners) due.push({ webhookId, owner, dueAt });
    }
    return { due, claimed: this.#claimed, settled: this.#settled, ended: this.#ended };
  }

  /** A delivery of this owner is due at this time. */
  becameDue(webhookId: string, owner: string, dueAt: number): void {
    let owners = this.#earliest.get(webhookId);
    if (!owners) {
      owners = new Map();
      this.#earliest.set(webhookId, owners);
    }
    owners.set(owner, Math.min(owners.get(owner) ?? Infinity, dueAt));
  }
}
