import type { Database, Statement } from 'better-sqlite3';
import type { DeliveryStatus } from '../../modules/delivery/delivery.events.js';
import type { DeliveryRow } from './deliveries.schema.js';

type CountKey = [webhookId: string, tenantId: string, status: DeliveryStatus];

interface Change {
  readonly key: CountKey;
  by: number;
}

/** Keeps the exact number of deliveries per webhook, tenant and status. */
export class DeliveryCounts {
  readonly #add: Statement<[...CountKey, number]>;
  readonly #drop: Statement<CountKey>;

  constructor(db: Database) {
    this.#add = db.prepare(
      'INSERT INTO delivery_counts VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT DO UPDATE SET count = count + excluded.count',
    );
    this.#drop = db.prepare(
      'DELETE FROM delivery_counts WHERE webhook_id = ? AND tenant_id = ? AND status = ? AND count = 0',
    );
  }

  /** Begins to count the changes of one batch. */
  begin(): CountChanges {
    return new CountChanges((key, by) => {
      this.#add.run(...key, by);
      if (by < 0) this.#drop.run(...key);
    });
  }
}

/** The changes of one batch, summed up before they are written. */
export class CountChanges {
  readonly #write: (key: CountKey, by: number) => void;
  readonly #changes = new Map<string, Change>();

  constructor(write: (key: CountKey, by: number) => void) {
    this.#write = write;
  }

  /** @param before status in the tables; `undefined` for a new delivery */
  moved(row: DeliveryRow, before: DeliveryStatus | undefined): void {
    if (before === row.status) return;
    this.#change(row, row.status, 1);
    if (before) this.#change(row, before, -1);
  }

  flush(): void {
    for (const { key, by } of this.#changes.values()) if (by !== 0) this.#write(key, by);
  }

  #change(row: DeliveryRow, status: DeliveryStatus, by: number): void {
    const key: CountKey = [row.webhook_id, row.tenant_id ?? '', status];
    const name = JSON.stringify(key);
    const change = this.#changes.get(name);
    if (change) change.by += by;
    else this.#changes.set(name, { key, by });
  }
}
