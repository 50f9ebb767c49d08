import type {
  StartFrom,
  WebhookOwner,
  WebhookStatus,
} from '../../modules/registry/webhook.events.js';
import type { MaskedDefinition } from './masked-definition.js';
import type { WebhookRow } from './webhooks.schema.js';

/** A webhook as it is now. Holds no secret, only fingerprints. Times are ISO 8601 in UTC. */
export interface WebhookItem {
  readonly id: string;
  /** `null`: events without a tenant. */
  readonly tenantId: string | null;
  readonly owner: WebhookOwner;
  /** Release of the code that declared it; `null` for webhooks owned by the API. */
  readonly release: number | null;
  /** Grows with each registration of the id after a removal. */
  readonly registration: number;
  readonly status: WebhookStatus;
  readonly pausedReason: string | null;
  readonly disabledReason: string | null;
  readonly definition: MaskedDefinition;
  readonly digest: string;
  readonly startFrom: StartFrom;
  /** Revision of its stream, decimal. */
  readonly revision: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export function toWebhookItem(row: WebhookRow): WebhookItem {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    owner: row.owner,
    release: row.release,
    registration: row.registration,
    status: row.status,
    pausedReason: row.paused_reason,
    disabledReason: row.disabled_reason,
    definition: JSON.parse(row.definition) as MaskedDefinition,
    digest: row.digest,
    startFrom: JSON.parse(row.start_from) as StartFrom,
    revision: String(row.revision),
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}
