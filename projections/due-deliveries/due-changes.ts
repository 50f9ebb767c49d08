import type { ClaimedDelivery, DueChange } from '../../modules/delivery/due-deliveries.port.js';
import type { DeliveryRow } from '../deliveries/deliveries.schema.js';

/** A claimed delivery as it travels between threads: a revision is a number there. */
export type ClaimedRow = Omit<ClaimedDelivery, 'streamRevision'> & {
  readonly streamRevision: number;
};

/** What a batch changed in the index of what is due, as plain data. */
export interface DueChanges {
  readonly due: readonly DueChange[];
  readonly claimed: readonly ClaimedRow[];
}

/** Adds up what a batch means for what is due. */
export class DueChangesOfBatch {
  readonly #earliest = new Map<string, number>();
  readonly #claimed: ClaimedRow[] = [];

  /**
   * @param row a delivery that the batch touched, as it is after it
   * @param claimBefore id of the claim it had before
   */
  add(row: DeliveryRow, claimBefore: string | null): void {
    if (row.due_at !== null) {
      const earliest = this.#earliest.get(row.webhook_id) ?? Infinity;
      this.#earliest.set(row.webhook_id, Math.min(earliest, row.due_at));
    }
    if (row.claim_id === null || row.lease_ms === null || row.claim_id === claimBefore) return;
    this.#claimed.push({
      deliveryId: row.id,
      webhookId: row.webhook_id,
      run: row.run,
      attemptCount: row.attempt_count,
      runAttemptCount: row.run_attempt_count,
      streamRevision: row.stream_revision,
      owner: row.owner,
      needs: row.needs,
      claimId: row.claim_id,
      leaseMs: row.lease_ms,
    });
  }

  changes(): DueChanges {
    const due = [...this.#earliest].map(([webhookId, dueAt]) => ({ webhookId, dueAt }));
    return { due, claimed: this.#claimed };
  }
}
