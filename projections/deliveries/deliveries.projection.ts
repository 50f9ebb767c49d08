import type { Database } from 'better-sqlite3';
import type { DeliveryStatus } from '../../modules/delivery/delivery.events.js';
import { type DueChanges, DueChangesOfBatch } from '../due-deliveries/due-changes.js';
import type {
  BatchNotes,
  ProjectedEvent,
  Projection,
  ProjectionBatch,
} from '../runtime/projection.js';
import { inserter, updater } from '../runtime/row-writers.js';
import {
  DELIVERIES_DDL,
  DELIVERIES_STATISTICS,
  DELIVERIES_TABLE_NAMES,
  type DeliveryRow,
} from './deliveries.schema.js';
import { DeliveryCounts } from './delivery-counts.js';
import { asDeliveryEvent, evolveRow, newRow, originOf } from './delivery-evolution.js';
import { DeliveryHistory } from './delivery-history.js';
import { DeliveryLookup } from './delivery-lookup.js';
import { DeliveryOrders } from './delivery-orders.js';

/** Columns that an event may change. */
const CHANGING = [
  'completed_at',
  'status',
  'run',
  'attempt_count',
  'run_attempt_count',
  'stream_revision',
  'due_at',
  'owner',
  'order_due_at',
  'needs',
  'claim_id',
  'lease_ms',
  'last_status_code',
  'last_error_class',
  'dead_letter_reason',
  'dead_letter_message',
] as const satisfies readonly (keyof DeliveryRow)[];

interface Touched {
  readonly row: DeliveryRow;
  /** What the tables say; `undefined` when the delivery is not in them yet. */
  readonly before: { readonly status: DeliveryStatus; readonly claimId: string | null } | undefined;
}

/**
 * Every delivery with its state, its attempts, what was decided about it, and exact counts; the index of what is due is
 * part of it. The events of a batch are added up per delivery in memory, and each delivery is written once: the common
 * one, sent and answered at once, costs one insert and never an update.
 */
export const deliveriesProjection: Projection = {
  name: 'deliveries',
  version: 3,
  tables: DELIVERIES_TABLE_NAMES,
  migrate(db) {
    db.exec(DELIVERIES_DDL);
    db.exec(DELIVERIES_STATISTICS);
  },
  prepare(db) {
    const tables = new DeliveriesWriter(db);
    return (notes) => new DeliveriesBatch(tables, notes);
  },
};

class DeliveriesWriter {
  readonly insert: (row: DeliveryRow) => void;
  readonly update: (row: DeliveryRow) => void;
  readonly lookup: DeliveryLookup;
  readonly history: DeliveryHistory;
  readonly counts: DeliveryCounts;
  readonly order: DeliveryOrders;

  constructor(db: Database) {
    this.insert = inserter(db, 'deliveries');
    this.update = updater(db, 'deliveries', 'seq', CHANGING);
    this.lookup = new DeliveryLookup(db);
    this.history = new DeliveryHistory(db);
    this.counts = new DeliveryCounts(db);
    this.order = new DeliveryOrders(db);
  }
}

class DeliveriesBatch implements ProjectionBatch {
  readonly #tables: DeliveriesWriter;
  readonly #notes: BatchNotes;
  readonly #touched = new Map<string, Touched>();

  constructor(tables: DeliveriesWriter, notes: BatchNotes) {
    this.#tables = tables;
    this.#notes = notes;
  }

  apply(event: ProjectedEvent): void {
    if (event.topic !== 'delivery') return;
    const row = this.#rowOf(event);
    if (!row) return;
    const deliveryEvent = asDeliveryEvent(event);
    evolveRow(row, deliveryEvent, event.revision);
    this.#tables.history.record({ seq: event.position, delivery_seq: row.seq }, deliveryEvent);
  }

  flush(): DueChanges {
    const { insert, update, lookup, counts, order } = this.#tables;
    const changes = counts.begin();
    const due = new DueChangesOfBatch();
    const created: DeliveryRow[] = [];
    const streams = order.begin();
    for (const { row, before } of this.#touched.values()) {
      streams.touch(row);
      if (before === undefined) {
        insert(row);
        created.push(row);
      } else {
        update(row);
      }
      changes.moved(row, before?.status);
      due.add(row, before?.claimId ?? null);
    }
    for (const { owner, dueAt, webhookId } of streams.flush()) {
      due.becameDue(webhookId, owner, dueAt);
    }
    lookup.add(created);
    changes.flush();
    return due.changes();
  }

  /**
   * `undefined` for a delivery whose beginning is not in the log any more: it was purged, and there is nothing to tell of
   * it. Revision 0 begins a delivery, which saves looking for it.
   */
  #rowOf(event: ProjectedEvent): DeliveryRow | undefined {
    const known = this.#touched.get(event.key);
    if (known) return known.row;
    const found = event.revision === 0 ? undefined : this.#tables.lookup.find(event.key);
    if (found) {
      if (found.order_revision !== null) found.due_at = found.order_due_at;
      return this.#touch(found, { status: found.status, claimId: found.claim_id });
    }
    const origin = originOf(asDeliveryEvent(event));
    return origin && this.#touch(newRow(event, origin), undefined);
  }

  #touch(row: DeliveryRow, before: Touched['before']): DeliveryRow {
    this.#touched.set(row.id, { row, before });
    this.#notes.webhookOf.set(row.id, row.webhook_id);
    return row;
  }
}
