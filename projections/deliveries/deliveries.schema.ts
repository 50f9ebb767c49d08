import type {
  AttemptTrigger,
  DeadLetterReason,
  DeliveryOrder,
  DeliveryStatus,
} from '../../modules/delivery/delivery.events.js';

/** One row per delivery. Times are epoch milliseconds. */
export interface DeliveryRow {
  /** Position in the log of the delivery's first event: deliveries in the order in which they came to be. */
  readonly seq: number;
  readonly id: string;
  readonly webhook_id: string;
  readonly registration: number;
  readonly tenant_id: string | null;
  readonly event_id: string;
  readonly event_type: string;
  readonly stream: string;
  readonly revision: string;
  readonly position: string;
  readonly occurred_at: number;
  readonly created_at: number;
  /** `null` while, and only while, its run is open. */
  completed_at: number | null;
  status: DeliveryStatus;
  run: number;
  /** Over all runs, late ones included. */
  attempt_count: number;
  run_attempt_count: number;
  /** Revision of the delivery's own stream. */
  stream_revision: number;
  /** When the next attempt is due; `null` while it is claimed, and when there is none. */
  due_at: number | null;
  /** Instance that claimed it or owns the next attempt; empty when whoever recorded it does not hold the code for it. */
  owner: string;
  needs: string | null;
  claim_id: string | null;
  lease_ms: number | null;
  /** Whether it keeps the order of its stream, and what a dead letter of it does to those behind. */
  readonly order_policy: DeliveryOrder | null;
  /** Place in its stream, where it keeps the order. */
  readonly order_revision: number | null;
  /** With an order, when its own attempt is due: `due_at` says so only while it is the first of its stream. */
  order_due_at: number | null;
  last_status_code: number | null;
  last_error_class: string | null;
  /** Set while, and only while, it is a dead letter. */
  dead_letter_reason: DeadLetterReason | null;
  dead_letter_message: string | null;
}

/** One row per attempt that was made. */
export interface AttemptRow {
  /** Position in the log of its event. */
  readonly seq: number;
  readonly delivery_seq: number;
  readonly number: number;
  readonly run: number;
  readonly trigger: AttemptTrigger;
  readonly url: string;
  readonly started_at: number;
  readonly dns_ms: number | null;
  readonly connect_ms: number | null;
  readonly tls_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly body_ms: number | null;
  readonly total_ms: number;
  readonly status_code: number | null;
  readonly error_class: string | null;
  readonly error_message: string | null;
  readonly remote_address: string | null;
  /** JSON object. */
  readonly response_headers: string | null;
  readonly response_body: string | null;
  readonly is_response_truncated: 0 | 1;
  readonly next_attempt_at: number | null;
  readonly is_late: 0 | 1;
}

/** What was decided about a delivery besides its attempts. */
export interface DecisionRow {
  /** Position in the log of its event. */
  readonly seq: number;
  readonly delivery_seq: number;
  readonly kind: 'dead-lettered' | 'replay-requested' | 'discarded' | 'postponed';
  readonly run: number;
  readonly decided_at: number;
  /** Who; `null` when the delivery did itself. */
  readonly decided_by: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly due_at: number | null;
  readonly replay_id: string | null;
}

/** How many deliveries there are; only counts above 0 have a row. */
export interface DeliveryCountRow {
  readonly webhook_id: string;
  /** Empty when they have no tenant. */
  readonly tenant_id: string;
  readonly status: DeliveryStatus;
  readonly count: number;
}

/** A stretch of consecutive deliveries. */
export interface DeliverySegmentRow {
  readonly segment: number;
  size: number;
  readonly first_seq: number;
  last_seq: number;
  earliest_created_at: number;
  latest_created_at: number;
}

/** Finds deliveries by a text that has no order: see `delivery-lookup.ts`. */
export interface DeliveryLookupRow {
  readonly segment: number;
  readonly key: number;
  readonly delivery_seq: number;
}

export interface DeliveriesTables {
  readonly deliveries: DeliveryRow;
  readonly delivery_attempts: AttemptRow;
  readonly delivery_decisions: DecisionRow;
  readonly delivery_counts: DeliveryCountRow;
  readonly delivery_segments: DeliverySegmentRow;
  readonly delivery_lookups: DeliveryLookupRow;
}

export const DELIVERIES_TABLE_NAMES = [
  'deliveries',
  'delivery_attempts',
  'delivery_decisions',
  'delivery_counts',
  'delivery_segments',
  'delivery_lookups',
] as const satisfies readonly (keyof DeliveriesTables)[];

/** What those behind it in its stream wait for: it is open, or a dead letter that holds them. */
export const HOLDS_OTHERS = `order_revision IS NOT NULL
      AND (completed_at IS NULL OR (dead_letter_reason IS NOT NULL AND order_policy = 'hold'))`;

/**
 * The cost of a delivery is the cost of its index entries, so there are no more than the documented filters need. Each
 * index of `deliveries` ends, implicitly, with `seq`, so each page of a filter is one descent and a walk; and each but the
 * small partial ones grows at its right edges, which stay in memory. Ids, event ids and streams have no such edge: they
 * are found through `delivery_lookups`.
 */
export const DELIVERIES_DDL = `
  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    registration INTEGER NOT NULL,
    tenant_id TEXT,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    stream TEXT NOT NULL,
    revision TEXT NOT NULL,
    position TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    status TEXT NOT NULL,
    run INTEGER NOT NULL,
    attempt_count INTEGER NOT NULL,
    run_attempt_count INTEGER NOT NULL,
    stream_revision INTEGER NOT NULL,
    due_at INTEGER,
    owner TEXT NOT NULL,
    needs TEXT,
    claim_id TEXT,
    lease_ms INTEGER,
    order_policy TEXT,
    order_revision INTEGER,
    order_due_at INTEGER,
    last_status_code INTEGER,
    last_error_class TEXT,
    dead_letter_reason TEXT,
    dead_letter_message TEXT
  ) STRICT;
  CREATE INDEX deliveries_by_status ON deliveries (status);
  CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, status);
  CREATE INDEX deliveries_by_tenant ON deliveries (tenant_id, status) WHERE tenant_id IS NOT NULL;
  CREATE INDEX deliveries_by_event_type ON deliveries (event_type);
  CREATE INDEX deliveries_by_status_code ON deliveries (last_status_code)
    WHERE last_status_code IS NOT NULL;
  CREATE UNIQUE INDEX deliveries_open ON deliveries (id) WHERE completed_at IS NULL;
  CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX deliveries_due_by_owner ON deliveries (webhook_id, owner, due_at)
    WHERE due_at IS NOT NULL;
  CREATE INDEX deliveries_due_by_id ON deliveries (webhook_id, id, owner, due_at)
    WHERE due_at IS NOT NULL;
  CREATE INDEX deliveries_in_order ON deliveries (webhook_id, registration, stream, order_revision)
    WHERE ${HOLDS_OTHERS};
  CREATE INDEX deliveries_first_in_order ON deliveries (webhook_id, registration, stream)
    WHERE order_revision IS NOT NULL AND due_at IS NOT NULL;
  CREATE INDEX deliveries_claimed ON deliveries (id) WHERE claim_id IS NOT NULL;
  CREATE INDEX deliveries_dead_by_id ON deliveries (id) WHERE dead_letter_reason IS NOT NULL;
  CREATE INDEX deliveries_dead_by_webhook ON deliveries (webhook_id, id)
    WHERE dead_letter_reason IS NOT NULL;

  CREATE TABLE delivery_attempts (
    seq INTEGER PRIMARY KEY,
    delivery_seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    run INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    url TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    dns_ms REAL,
    connect_ms REAL,
    tls_ms REAL,
    first_byte_ms REAL,
    body_ms REAL,
    total_ms REAL NOT NULL,
    status_code INTEGER,
    error_class TEXT,
    error_message TEXT,
    remote_address TEXT,
    response_headers TEXT,
    response_body TEXT,
    is_response_truncated INTEGER NOT NULL,
    next_attempt_at INTEGER,
    is_late INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX delivery_attempts_by_delivery ON delivery_attempts (delivery_seq, number);

  CREATE TABLE delivery_decisions (
    seq INTEGER PRIMARY KEY,
    delivery_seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    run INTEGER NOT NULL,
    decided_at INTEGER NOT NULL,
    decided_by TEXT,
    reason TEXT,
    message TEXT,
    due_at INTEGER,
    replay_id TEXT
  ) STRICT;
  CREATE INDEX delivery_decisions_by_delivery ON delivery_decisions (delivery_seq);

  CREATE TABLE delivery_counts (
    webhook_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, tenant_id, status)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX delivery_counts_by_tenant ON delivery_counts (tenant_id, status, count);

  CREATE TABLE delivery_segments (
    segment INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    earliest_created_at INTEGER NOT NULL,
    latest_created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE delivery_lookups (
    segment INTEGER NOT NULL,
    key INTEGER NOT NULL,
    delivery_seq INTEGER NOT NULL,
    PRIMARY KEY (segment, key, delivery_seq)
  ) STRICT, WITHOUT ROWID`;

/**
 * How the values of `deliveries` are spread in a large history: entries of each index, then how many share the first
 * column, the first two, and so on. Given once instead of counted, so that every query is planned for millions of rows,
 * and in the same way, from the first row on. Without it SQLite takes a webhook's page through the index of all statuses.
 */
export const DELIVERIES_STATISTICS = `
  ANALYZE deliveries;
  DELETE FROM sqlite_stat1 WHERE tbl = 'deliveries';
  INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('deliveries', 'deliveries_by_status', '10000000 1700000'),
    ('deliveries', 'deliveries_by_webhook', '10000000 100000 20000'),
    ('deliveries', 'deliveries_by_tenant', '10000000 1000000 200000'),
    ('deliveries', 'deliveries_by_event_type', '10000000 500000'),
    ('deliveries', 'deliveries_by_status_code', '10000000 1000000'),
    ('deliveries', 'deliveries_open', '100000 1'),
    ('deliveries', 'deliveries_due', '100000 100 2'),
    ('deliveries', 'deliveries_due_by_owner', '100000 100 50 2'),
    ('deliveries', 'deliveries_due_by_id', '100000 100 1 1 1'),
    ('deliveries', 'deliveries_in_order', '100000 1000 1000 10 1'),
    ('deliveries', 'deliveries_first_in_order', '10000 100 100 1'),
    ('deliveries', 'deliveries_claimed', '1000 1'),
    ('deliveries', 'deliveries_dead_by_id', '100000 1'),
    ('deliveries', 'deliveries_dead_by_webhook', '100000 1000 1');
  ANALYZE sqlite_schema`;
