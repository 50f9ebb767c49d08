import type { Statement } from 'better-sqlite3';
import type { ReplayEvent } from '../../modules/replay/replay.events.js';
import { evolveReplay, type ReplayRecord } from '../../modules/replay/replay-record.events.js';
import type { ProjectedEvent, Projection, ProjectionBatch } from '../runtime/projection.js';
import { inserter } from '../runtime/row-writers.js';
import { REPLAYS_DDL, REPLAYS_TABLE_NAMES, type ReplayRow } from './replays.schema.js';

/** Every replay that was ever started, as it is now. */
export const replaysProjection: Projection = {
  name: 'replays',
  version: 1,
  tables: REPLAYS_TABLE_NAMES,
  migrate(db) {
    db.exec(REPLAYS_DDL);
  },
  prepare(db) {
    const tables = {
      find: db.prepare<[string], ReplayRow>('SELECT * FROM replays WHERE id = ?'),
      save: inserter(db, 'replays', 'REPLACE'),
    };
    return () => new ReplaysBatch(tables);
  },
};

interface ReplaysWriter {
  readonly find: Statement<[string], ReplayRow>;
  readonly save: (row: ReplayRow) => void;
}

/** A replay that the batch is about, before and after it. */
interface TouchedReplay {
  readonly seq: number;
  readonly before: ReplayRecord | undefined;
  after: ReplayRecord | undefined;
}

class ReplaysBatch implements ProjectionBatch {
  readonly #tables: ReplaysWriter;
  readonly #touched = new Map<string, TouchedReplay>();

  constructor(tables: ReplaysWriter) {
    this.#tables = tables;
  }

  apply(event: ProjectedEvent): void {
    if (event.topic !== 'replay') return;
    const touched = this.#touched.get(event.key) ?? this.#load(event);
    touched.after = evolveReplay(touched.after, event as unknown as ReplayEvent);
    this.#touched.set(event.key, touched);
  }

  /** @returns ids of the replays that were started, halted, resumed or given another rate */
  flush(): readonly string[] {
    const changed: string[] = [];
    for (const [id, { after, before, seq }] of this.#touched) {
      if (!after) continue;
      this.#tables.save(rowOf(id, seq, after));
      if (isChanged(before, after)) changed.push(id);
    }
    return changed;
  }

  #load({ key, position }: ProjectedEvent): TouchedReplay {
    const row = this.#tables.find.get(key);
    const before = row && (JSON.parse(row.record) as ReplayRecord);
    return { seq: row?.seq ?? position, before, after: before };
  }
}

function isChanged(before: ReplayRecord | undefined, after: ReplayRecord): boolean {
  return before?.status !== after.status || before.perSecond !== after.perSecond;
}

function rowOf(id: string, seq: number, replay: ReplayRecord): ReplayRow {
  const { scope, status } = replay;
  const webhookId = scope.kind === 'history' ? scope.webhookId : scope.filter.webhookId;
  return { id, seq, webhook_id: webhookId ?? null, status, record: JSON.stringify(replay) };
}
