/** A lane that waits for a place, and whose it is. */
export interface Turn {
  readonly webhookId: string;
  /** Tenant of the webhook; `null` for webhooks without one, which take turns together. */
  readonly tenantId: string | null;
}

/**
 * Whose turn it is to get a place: tenants in turn, and within a tenant its webhooks in turn. So neither a tenant with a
 * thousand webhooks nor a webhook with a thousand deliveries is served before the others. Every step costs O(1).
 */
export class Turns<Key extends Turn> {
  readonly #tenants = new Map<string | null, Map<string, Key>>();

  /** Lines up, unless it waits already. */
  add(key: Key): void {
    const lanes = this.#tenants.get(key.tenantId);
    if (!lanes) this.#tenants.set(key.tenantId, new Map([[key.webhookId, key]]));
    else if (!lanes.has(key.webhookId)) lanes.set(key.webhookId, key);
  }

  get isEmpty(): boolean {
    return this.#tenants.size === 0;
  }

  /** The lane whose turn it is; it no longer waits. */
  take(): Key | undefined {
    for (const [tenantId, lanes] of this.#tenants) {
      this.#tenants.delete(tenantId);
      for (const [webhookId, key] of lanes) {
        lanes.delete(webhookId);
        if (lanes.size > 0) this.#tenants.set(tenantId, lanes);
        return key;
      }
    }
    return undefined;
  }
}
