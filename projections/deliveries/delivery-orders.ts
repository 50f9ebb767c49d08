import type { Database, Statement } from 'better-sqlite3';
import { UNOWNED } from '../../modules/delivery/due-deliveries.port.js';
import { type DeliveryRow, HOLDS_OTHERS } from './deliveries.schema.js';

type Stream = Pick<DeliveryRow, 'webhook_id' | 'registration' | 'stream'>;

type First = Pick<
  DeliveryRow,
  'seq' | 'completed_at' | 'due_at' | 'order_revision' | 'order_due_at' | 'owner'
>;

/** A delivery that is the first of its stream now, and may be attempted. */
export interface BecameFirst {
  readonly webhookId: string;
  readonly owner: string;
  readonly dueAt: number;
}

const OF_STREAM = 'webhook_id = @webhook_id AND registration = @registration AND stream = @stream';

/**
 * Of the deliveries that keep the order of their stream, only the first of each webhook and stream has a `due_at`: so the
 * index of what is due never holds more of a stream than one, however many wait behind it.
 */
export class DeliveryOrders {
  readonly #first: Statement<[Stream], First>;
  readonly #holdBack: Statement<[Stream & { readonly seq: number }]>;
  readonly #letGo: Statement<[{ seq: number; due_at: number; owner: string }]>;

  constructor(db: Database) {
    this.#first = db.prepare(`
      SELECT seq, completed_at, due_at, order_revision, order_due_at, owner
      FROM deliveries INDEXED BY deliveries_in_order
      WHERE ${OF_STREAM} AND ${HOLDS_OTHERS}
      ORDER BY order_revision LIMIT 1`);
    this.#holdBack = db.prepare(`
      UPDATE deliveries INDEXED BY deliveries_first_in_order SET due_at = NULL
      WHERE ${OF_STREAM} AND order_revision IS NOT NULL AND due_at IS NOT NULL AND seq <> @seq`);
    this.#letGo = db.prepare(
      'UPDATE deliveries SET due_at = @due_at, owner = @owner WHERE seq = @seq',
    );
  }

  /** Begins a batch. */
  begin(): StreamsOfBatch {
    return new StreamsOfBatch({
      first: (stream) => this.#first.get(stream),
      holdBack: (stream, seq) => this.#holdBack.run({ ...stream, seq }),
      letGo: (row) => this.#letGo.run(row),
    });
  }
}

interface OrderTables {
  readonly first: (stream: Stream) => First | undefined;
  /** None of the stream is due but the delivery with this `seq`. */
  readonly holdBack: (stream: Stream, seq: number) => void;
  readonly letGo: (row: { seq: number; due_at: number; owner: string }) => void;
}

/** Of what a batch touched of one stream: what ended, furthest on. */
interface Ended {
  readonly revision: number;
  readonly at: number;
  readonly owner: string;
}

interface TouchedStream {
  readonly stream: Stream;
  ended: Ended | undefined;
}

class StreamsOfBatch {
  readonly #tables: OrderTables;
  readonly #touched = new Map<string, TouchedStream>();

  constructor(tables: OrderTables) {
    this.#tables = tables;
  }

  /** Takes note of a row that is about to be written, and leaves it to `flush` whether it is due. */
  touch(row: DeliveryRow): void {
    if (row.order_revision === null) return;
    const { completed_at, order_revision: revision, owner, registration, stream, webhook_id } = row;
    row.order_due_at = row.due_at;
    row.due_at = null;
    const key = JSON.stringify([webhook_id, registration, stream]);
    let touched = this.#touched.get(key);
    if (!touched) {
      touched = { stream: { webhook_id, registration, stream }, ended: undefined };
      this.#touched.set(key, touched);
    }
    if (completed_at === null || revision < (touched.ended?.revision ?? 0)) return;
    touched.ended = { revision, at: completed_at, owner };
  }

  /** Once the rows are written: makes the first of each stream due, and no other. */
  flush(): readonly BecameFirst[] {
    return [...this.#touched.values()].flatMap((touched) => this.#settle(touched) ?? []);
  }

  #settle({ ended, stream }: TouchedStream): BecameFirst | undefined {
    const first = this.#tables.first(stream);
    if (!first) return undefined;
    this.#tables.holdBack(stream, first.seq);
    const { due_at, order_due_at, seq } = first;
    if (due_at !== null || order_due_at === null) return undefined;
    const before = ended && ended.revision < (first.order_revision ?? 0) ? ended : undefined;
    // Whoever ended the one before is alive, and goes on with the stream; its owner may be gone.
    const owner = before && before.owner !== UNOWNED ? before.owner : first.owner;
    // Due long ago, it would look left behind by its owner, which can only begin now.
    const dueAt = Math.max(order_due_at, before?.at ?? 0);
    this.#tables.letGo({ seq, due_at: dueAt, owner });
    return { webhookId: stream.webhook_id, owner, dueAt };
  }
}
