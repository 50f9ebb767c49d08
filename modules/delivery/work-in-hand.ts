interface RecordedWork {
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly position: bigint;
}

/**
 * What the scheduler has taken from the due index and the index may still show: a delivery under way, and one whose
 * outcome is recorded but not yet in the index. Bounded by the attempts under way and the lag of the index.
 */
export class WorkInHand {
  readonly #ids = new Map<string, Set<string>>();
  /** Recorded, in the order of recording, until the index has reached the position. */
  #recorded: RecordedWork[] = [];
  #indexPosition = 0n;

  /** Deliveries of the webhook that are in hand. */
  of(webhookId: string): ReadonlySet<string> {
    return this.#ids.get(webhookId) ?? NONE;
  }

  /** @returns false when it is in hand already */
  take(webhookId: string, deliveryId: string): boolean {
    let ids = this.#ids.get(webhookId);
    if (!ids) {
      ids = new Set();
      this.#ids.set(webhookId, ids);
    }
    if (ids.has(deliveryId)) return false;
    ids.add(deliveryId);
    return true;
  }

  release(webhookId: string, deliveryId: string): void {
    const ids = this.#ids.get(webhookId);
    ids?.delete(deliveryId);
    if (ids?.size === 0) this.#ids.delete(webhookId);
  }

  /** Done: released once the index has reached `position`. */
  recorded(webhookId: string, deliveryId: string, position: bigint): void {
    if (position <= this.#indexPosition) this.release(webhookId, deliveryId);
    else this.#recorded.push({ webhookId, deliveryId, position });
  }

  indexReached(position: bigint): void {
    this.#indexPosition = position;
    const remaining: RecordedWork[] = [];
    for (const entry of this.#recorded) {
      if (entry.position <= position) this.release(entry.webhookId, entry.deliveryId);
      else remaining.push(entry);
    }
    this.#recorded = remaining;
  }
}

const NONE: ReadonlySet<string> = new Set();
