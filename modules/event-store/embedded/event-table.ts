import type { Database, Statement } from 'better-sqlite3';

/** What of an event is written as it was proposed. */
export interface EventContent {
  readonly type: string;
  /** 1 or 0. */
  readonly isJson: number;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

/** The statements of the writer on the table `events`. */
export class EventTable {
  readonly #insert: Statement;
  readonly #idAt: Statement<[number, number], Buffer>;
  readonly #placeAt: Statement<[number, number], [position: number, created: number]>;
  readonly #dataAt: Statement<[number, number], Buffer>;
  readonly #newest: Statement<[number], [id: Buffer, streamId: number, revision: number]>;
  readonly #head: Statement<[], number | null>;

  constructor(database: Database) {
    const at = 'FROM events WHERE stream_id = ? AND revision = ?';
    this.#insert = database.prepare(
      `INSERT INTO events (position, stream_id, revision, event_id, type, is_json, created, data, metadata)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#idAt = database.prepare<[number, number], Buffer>(`SELECT event_id ${at}`).pluck();
    this.#placeAt = database
      .prepare<[number, number], [number, number]>(`SELECT position, created ${at}`)
      .raw();
    this.#dataAt = database.prepare<[number, number], Buffer>(`SELECT data ${at}`).pluck();
    this.#newest = database
      .prepare<[number], [Buffer, number, number]>(
        'SELECT event_id, stream_id, revision FROM events ORDER BY position DESC LIMIT ?',
      )
      .raw();
    this.#head = database.prepare<[], number | null>('SELECT max(position) FROM events').pluck();
  }

  /** Position of the last record; 0 if there is none. */
  head(): number {
    return this.#head.get() ?? 0;
  }

  insert(
    position: number,
    streamId: number,
    revision: number,
    id: Buffer,
    created: number,
    { type, isJson, data, metadata }: EventContent,
  ): void {
    this.#insert.run(position, streamId, revision, id, type, isJson, created, data, metadata);
  }

  /** Whether the event at `revision` has this id. */
  hasIdAt(streamId: number, revision: number, id: Buffer): boolean {
    return this.#idAt.get(streamId, revision)?.equals(id) ?? false;
  }

  placeAt(streamId: number, revision: number): { position: number; created: number } | undefined {
    const place = this.#placeAt.get(streamId, revision);
    return place && { position: place[0], created: place[1] };
  }

  dataAt(streamId: number, revision: number): Buffer | undefined {
    return this.#dataAt.get(streamId, revision);
  }

  /** The newest events, oldest first. */
  newest(limit: number): [id: Buffer, streamId: number, revision: number][] {
    return this.#newest.all(limit).reverse();
  }
}
