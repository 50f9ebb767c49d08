import type Database from 'better-sqlite3';
import { PosthornError } from '../../modules/kernel/index.js';
import { type ArrivedEvent, eventsOf, type LogBatch } from './log-batch.js';
import type { BatchNotes, ProjectedEvent, Projection, ProjectionBatch } from './projection.js';
import { openReadModelFile, sqliteCodeOf, storageError } from './read-model-file.js';

/** Nothing is in the tables yet. */
export const NO_POSITION = -1;

/** Where the tables are in the log. */
export interface TablesPosition {
  /** Up to where every projection is; `NO_POSITION` when one is empty. */
  readonly position: number;
  /** Position of the last event of ours that any projection took; `NO_POSITION` when there is none. */
  readonly eventPosition: number;
}

/** What became of a batch. */
export type Applied =
  | {
      readonly kind: 'applied';
      /** What each projection's `flush` returned, by name. */
      readonly outputs: Readonly<Record<string, unknown>>;
    }
  /** Somebody else moved a checkpoint: nothing was applied; go on from `position`. */
  | { readonly kind: 'overtaken' };

interface Checkpoint {
  readonly position: number;
  readonly eventPosition: number;
}

interface Follower {
  readonly projection: Projection;
  readonly begin: (notes: BatchNotes) => ProjectionBatch;
  checkpoint: Checkpoint;
}

const EMPTY: Checkpoint = { position: NO_POSITION, eventPosition: NO_POSITION };

class Overtaken extends Error {}

/**
 * Writes the tables of all projections. A batch of events and the checkpoint after it are one transaction, and the
 * checkpoint is moved only from where this writer last saw it; so every event is in the tables exactly once, whoever else
 * writes to the same file, and whenever the process dies.
 */
export class ReadModelWriter {
  readonly #db: Database.Database;
  readonly #move: Database.Statement<[number, number, string, number]>;
  readonly #apply: Database.Transaction<(batch: LogBatch) => Record<string, unknown>>;
  readonly #followers: Follower[];
  /** What had to be rebuilt when the file was opened, and why: lines for the log. */
  readonly notes: readonly string[];

  /**
   * Opens the file, creates what is missing, and empties the tables of projections whose version changed.
   *
   * @param path the SQLite file
   * @param projections in the order in which they take each batch
   */
  constructor(path: string, projections: readonly Projection[]) {
    const { db, deleted } = openReadModelFile(path);
    this.#db = db;
    const notes = deleted === null ? [] : [`the read model is rebuilt from the log: ${deleted}`];
    db.transaction(() => {
      for (const projection of projections) notes.push(...this.#migrate(projection));
    }).immediate();
    this.notes = notes;
    this.#move = db.prepare(
      'UPDATE projections SET position = ?, event_position = ? WHERE name = ? AND position = ?',
    );
    this.#apply = db.transaction((batch: LogBatch) => this.#applyAll(batch));
    this.#followers = projections.map((projection) => ({
      projection,
      begin: projection.prepare(db),
      checkpoint: EMPTY,
    }));
    this.#reload();
  }

  get where(): TablesPosition {
    const checkpoints = this.#followers.map(({ checkpoint }) => checkpoint);
    return {
      position: Math.min(...checkpoints.map(({ position }) => position)),
      eventPosition: Math.max(...checkpoints.map(({ eventPosition }) => eventPosition)),
    };
  }

  /**
   * Applies a batch to each projection that is not past it. All or nothing.
   *
   * @throws PosthornError `PSH_PROJECTION_EVENT_REFUSED` when an event cannot be applied, `PSH_PROJECTION_FILE_DAMAGED`,
   *   `PSH_PROJECTION_UNAVAILABLE` when the file cannot be written
   */
  apply(batch: LogBatch): Applied {
    try {
      const outputs = this.#apply.immediate(batch);
      for (const follower of this.#followers) {
        follower.checkpoint = after(batch, follower.checkpoint);
      }
      return { kind: 'applied', outputs };
    } catch (error) {
      if (!(error instanceof Overtaken)) throw storageError(error);
      this.#reload();
      return { kind: 'overtaken' };
    }
  }

  close(): void {
    this.#db.close();
  }

  #applyAll(batch: LogBatch): Record<string, unknown> {
    const events = eventsOf(batch);
    const outputs: Record<string, unknown> = {};
    const notes: BatchNotes = { webhookOf: new Map() };
    for (const { projection, begin, checkpoint } of this.#followers) {
      const { position } = checkpoint;
      if (position >= batch.position) continue;
      const work = begin(notes);
      for (const event of events) {
        if (event.position > position) applyOne(projection, work, event);
      }
      outputs[projection.name] = flushed(projection, work);
      const next = after(batch, checkpoint);
      const { changes } = this.#move.run(
        next.position,
        next.eventPosition,
        projection.name,
        position,
      );
      if (changes !== 1) throw new Overtaken();
    }
    return outputs;
  }

  #migrate(projection: Projection): string[] {
    const row = this.#db
      .prepare<[string], { version: number }>('SELECT version FROM projections WHERE name = ?')
      .get(projection.name);
    if (row?.version === projection.version) return [];
    this.#recreate(projection);
    if (!row) return [];
    return [
      `projection ${projection.name} is rebuilt from the log: it has version ${row.version}, this release has ${projection.version}`,
    ];
  }

  #recreate(projection: Projection): void {
    for (const table of projection.tables) this.#db.exec(`DROP TABLE IF EXISTS ${table}`);
    projection.migrate(this.#db);
    this.#db
      .prepare('INSERT OR REPLACE INTO projections VALUES (?, ?, ?, ?)')
      .run(projection.name, projection.version, NO_POSITION, NO_POSITION);
  }

  #reload(): void {
    const read = this.#db.prepare<[string], Checkpoint>(
      'SELECT position, event_position AS eventPosition FROM projections WHERE name = ?',
    );
    for (const follower of this.#followers) {
      follower.checkpoint = read.get(follower.projection.name) ?? EMPTY;
    }
  }
}

function after(batch: LogBatch, { position, eventPosition }: Checkpoint): Checkpoint {
  return {
    position: Math.max(position, batch.position),
    eventPosition: Math.max(eventPosition, batch.heads.at(-1)?.[0] ?? NO_POSITION),
  };
}

function isObject(event: ArrivedEvent): event is ProjectedEvent {
  return typeof event.data === 'object' && event.data !== null;
}

function applyOne(projection: Projection, work: ProjectionBatch, event: ArrivedEvent): void {
  try {
    if (!isObject(event)) throw new TypeError('its data is not a JSON object');
    work.apply(event);
  } catch (error) {
    const where = `${event.type} at revision ${event.revision} of ${event.topic} ${event.key}, position ${event.position}`;
    throw refusal(`projection ${projection.name} could not apply ${where}`, error);
  }
}

function flushed(projection: Projection, work: ProjectionBatch): unknown {
  try {
    return work.flush();
  } catch (error) {
    throw refusal(`projection ${projection.name} could not write a batch`, error);
  }
}

/** A constraint that does not hold, or a defect, is the event's; what else SQLite says is about the file. */
function refusal(what: string, error: unknown): unknown {
  const code = sqliteCodeOf(error);
  if (code !== undefined && !code.startsWith('SQLITE_CONSTRAINT')) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PosthornError('PSH_PROJECTION_EVENT_REFUSED', `${what}: ${reason}`);
}
