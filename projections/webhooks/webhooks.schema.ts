import type { WebhookOwner, WebhookStatus } from '../../modules/registry/webhook.events.js';

/** The current state of one webhook. Times are epoch milliseconds. */
export interface WebhookRow {
  readonly id: string;
  tenant_id: string | null;
  owner: WebhookOwner;
  release: number | null;
  registration: number;
  status: WebhookStatus;
  is_removed: 0 | 1;
  is_paused: 0 | 1;
  paused_reason: string | null;
  disabled_reason: string | null;
  /** JSON of a `MaskedDefinition`. */
  definition: string;
  digest: string;
  /** JSON of a `StartFrom`. */
  start_from: string;
  /** Revision of the webhook's stream. */
  revision: number;
  created_at: number;
  updated_at: number;
}

export interface WebhooksTables {
  readonly webhooks: WebhookRow;
}

export const WEBHOOKS_TABLE_NAMES = [
  'webhooks',
] as const satisfies readonly (keyof WebhooksTables)[];

export const WEBHOOKS_DDL = `
  CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    tenant_id TEXT,
    owner TEXT NOT NULL,
    release INTEGER,
    registration INTEGER NOT NULL,
    status TEXT NOT NULL,
    is_removed INTEGER NOT NULL,
    is_paused INTEGER NOT NULL,
    paused_reason TEXT,
    disabled_reason TEXT,
    definition TEXT NOT NULL,
    digest TEXT NOT NULL,
    start_from TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id, is_removed, id);
  CREATE INDEX webhooks_listed ON webhooks (is_removed, id)`;
