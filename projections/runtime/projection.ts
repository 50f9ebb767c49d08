import type { Database } from 'better-sqlite3';

/** What a stream of Posthorn is about; its events are routed by it. */
export type ProjectedTopic = 'delivery' | 'webhook' | 'replay' | 'endpoint';

/** An event of the log on its way into the tables. */
export interface ProjectedEvent {
  /** Place in the log; strictly increasing. */
  readonly position: number;
  readonly topic: ProjectedTopic;
  /** Id of the delivery, the webhook (also that of an endpoint) or the replay. */
  readonly key: string;
  /** Revision in its stream. */
  readonly revision: number;
  readonly type: string;
  /** When it was recorded, in epoch milliseconds. */
  readonly createdAt: number;
  readonly data: object;
}

/** One batch of events on its way into the tables of one projection, within one transaction. */
export interface ProjectionBatch {
  /** Takes the next event. Unknown types are ignored. Throws when the event is not what its type promises. */
  apply(event: ProjectedEvent): void;
  /**
   * Writes what is left to write.
   *
   * @returns what listeners are told once the transaction is committed, as plain data; `undefined` for nothing
   */
  flush(): unknown;
}

/** What a projection tells those that take the same batch after it. */
export interface BatchNotes {
  /** Webhooks of the deliveries that the batch is about, by delivery id; not necessarily of all. */
  readonly webhookOf: Map<string, string>;
}

/**
 * A set of tables that follows the log. Deterministic: the same events give the same rows, however they are cut into
 * batches and whenever they are applied, so tables that were rebuilt equal those that were live. A transaction that fails
 * drops its `ProjectionBatch`; nothing of it may stay in memory.
 */
export interface Projection {
  readonly name: string;
  /** Grows whenever the tables or what `apply` makes of an event change: the tables are then rebuilt from the log. */
  readonly version: number;
  /** Its tables, in the order in which they can be dropped. */
  readonly tables: readonly string[];
  /** Creates the tables, empty. */
  migrate(db: Database): void;
  /** Prepares its statements. @returns what begins a batch */
  prepare(db: Database): (notes: BatchNotes) => ProjectionBatch;
}

/** A time of an event in epoch milliseconds. @throws RangeError when it is not a time: the event is then refused */
export function epochMs(time: string): number {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw new RangeError('it holds a time that is none');
  return ms;
}
