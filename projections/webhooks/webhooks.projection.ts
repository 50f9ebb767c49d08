import type { Statement } from 'better-sqlite3';
import type { WebhookEvent } from '../../modules/registry/webhook.events.js';
import {
  epochMs,
  type ProjectedEvent,
  type Projection,
  type ProjectionBatch,
} from '../runtime/projection.js';
import { inserter } from '../runtime/row-writers.js';
import { type MaskedDefinition, masked, maskedSecret } from './masked-definition.js';
import { WEBHOOKS_DDL, WEBHOOKS_TABLE_NAMES, type WebhookRow } from './webhooks.schema.js';

type EventOf<Type extends WebhookEvent['type']> = Extract<WebhookEvent, { readonly type: Type }>;

/** Every webhook that was ever registered, as it is now, without its secrets. */
export const webhooksProjection: Projection = {
  name: 'webhooks',
  version: 1,
  tables: WEBHOOKS_TABLE_NAMES,
  migrate(db) {
    db.exec(WEBHOOKS_DDL);
  },
  prepare(db) {
    const tables = {
      find: db.prepare<[string], WebhookRow>('SELECT * FROM webhooks WHERE id = ?'),
      save: inserter(db, 'webhooks', 'REPLACE'),
    };
    return () => new WebhooksBatch(tables);
  },
};

interface WebhooksWriter {
  readonly find: Statement<[string], WebhookRow>;
  readonly save: (row: WebhookRow) => void;
}

class WebhooksBatch implements ProjectionBatch {
  readonly #tables: WebhooksWriter;
  readonly #touched = new Map<string, WebhookRow>();

  constructor(tables: WebhooksWriter) {
    this.#tables = tables;
  }

  apply(event: ProjectedEvent): void {
    if (event.topic !== 'webhook') return;
    const before = this.#touched.get(event.key) ?? this.#tables.find.get(event.key);
    const after = evolveWebhookRow(before, event);
    if (after) this.#touched.set(event.key, after);
  }

  flush(): undefined {
    for (const row of this.#touched.values()) this.#tables.save(row);
    return undefined;
  }
}

/** The row after `event`; `undefined` while nothing was registered. */
export function evolveWebhookRow(
  row: WebhookRow | undefined,
  event: ProjectedEvent,
): WebhookRow | undefined {
  const webhookEvent = event as unknown as WebhookEvent;
  if (webhookEvent.type === 'WebhookRegistered') return registered(event, webhookEvent);
  if (!row) return undefined;
  const changes = changesOf(row, webhookEvent);
  if (!changes) return { ...row, revision: event.revision };
  const after = { ...row, ...changes, revision: event.revision };
  return { ...after, status: statusOf(after), updated_at: epochMs(webhookEvent.data.at) };
}

function registered(
  { key, revision }: ProjectedEvent,
  { data }: EventOf<'WebhookRegistered'>,
): WebhookRow {
  const at = epochMs(data.at);
  const row: WebhookRow = {
    id: key,
    ...definitionColumns(data),
    registration: data.registration,
    status: 'active',
    is_removed: 0,
    is_paused: 0,
    paused_reason: null,
    disabled_reason: null,
    start_from: JSON.stringify(data.startFrom),
    revision,
    created_at: at,
    updated_at: at,
  };
  return { ...row, status: statusOf(row) };
}

/** What an event changes besides revision, status and time; `undefined` for a type that is not known. */
function changesOf(
  row: WebhookRow,
  event: Exclude<WebhookEvent, EventOf<'WebhookRegistered'>>,
): Partial<WebhookRow> | undefined {
  switch (event.type) {
    case 'WebhookChanged':
      return definitionColumns(event.data);
    case 'WebhookPaused':
      return {
        is_paused: 1,
        paused_reason: event.data.reason,
        release: event.data.release ?? row.release,
      };
    case 'WebhookResumed':
      return { is_paused: 0, paused_reason: null, disabled_reason: null };
    case 'WebhookDisabled':
      return { is_paused: 0, paused_reason: null, disabled_reason: event.data.reason };
    case 'WebhookSecretRotated': {
      const definition = definitionOf(row);
      const signingSecrets = event.data.signingSecrets.map(maskedSecret);
      return { definition: JSON.stringify({ ...definition, signingSecrets }) };
    }
    case 'WebhookRemoved':
      return { is_removed: 1, release: event.data.release ?? null };
    // The same secrets under another key: nothing that is shown of them changes.
    case 'WebhookSecretsResealed':
    default:
      return undefined;
  }
}

function definitionColumns(
  data: EventOf<'WebhookRegistered' | 'WebhookChanged'>['data'],
): Pick<WebhookRow, 'tenant_id' | 'owner' | 'release' | 'definition' | 'digest'> {
  return {
    tenant_id: data.definition.tenantId,
    owner: data.owner,
    release: data.release,
    definition: JSON.stringify(masked(data.definition)),
    digest: data.digest,
  };
}

function definitionOf(row: WebhookRow): MaskedDefinition {
  return JSON.parse(row.definition) as MaskedDefinition;
}

/** The one word for a webhook's state: removed before disabled before paused before inactive. */
function statusOf(row: WebhookRow): WebhookRow['status'] {
  if (row.is_removed) return 'removed';
  if (row.disabled_reason !== null) return 'disabled';
  if (row.is_paused) return 'paused';
  return definitionOf(row).isActive ? 'active' : 'inactive';
}
