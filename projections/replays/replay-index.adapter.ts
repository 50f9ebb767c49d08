import { Injectable } from '@nestjs/common';
import { filter, map } from 'rxjs';
import type {
  Backlog,
  GetReplaysOptions,
  RecordedReplaysPage,
  ReplayIndex,
} from '../../modules/replay/replay-index.port.js';
import type { ReplayRecord } from '../../modules/replay/replay-record.events.js';
import { readModel } from '../database.js';
import {
  DEFAULT_LIMIT,
  decodeCursor,
  encodeCursor,
  limitProblems,
  refuseIfAny,
} from '../runtime/page.js';
import { ReadModels } from '../runtime/read-models.js';

/** SQLite takes so many parameters in one statement, and more. */
const MOST_IDS = 500;

/** The replays of this instance's read model. */
@Injectable()
export class ReplayIndexAdapter implements ReplayIndex {
  readonly #readModels: ReadModels;
  readonly changes: ReplayIndex['changes'];

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
    this.changes = readModels.changesOf('replays').pipe(
      map(({ output }) => (output as readonly string[] | undefined) ?? []),
      filter((replayIds) => replayIds.length > 0),
    );
  }

  async unfinished(): Promise<readonly ReplayRecord[]> {
    const rows = await this.#readModels.query(
      readModel
        .selectFrom('replays')
        .where('status', 'in', ['running', 'paused', 'failed'])
        .select('record')
        .orderBy('seq'),
    );
    return rows.map(recordOf);
  }

  async unknown(replayIds: readonly string[]): Promise<readonly string[]> {
    const known = new Set<string>();
    for (let start = 0; start < replayIds.length; start += MOST_IDS) {
      const asked = replayIds.slice(start, start + MOST_IDS);
      const rows = await this.#readModels.query(
        readModel.selectFrom('replays').where('id', 'in', asked).select('id'),
      );
      for (const { id } of rows) known.add(id);
    }
    return replayIds.filter((id) => !known.has(id));
  }

  async backlog({
    atMost,
    webhookId,
  }: {
    readonly webhookId: string;
    readonly atMost: number;
  }): Promise<Backlog> {
    const { position } = this.#readModels; // before the query: what is counted may be newer, never older
    const [row] = await this.#readModels.query(
      readModel
        .selectFrom((db) =>
          db
            .selectFrom('deliveries')
            .where('webhook_id', '=', webhookId)
            .where('status', 'in', ['scheduled', 'attempting'])
            // Held back in the order of its stream, it may be waiting for just the replay that asks.
            .where((eb) => eb.or([eb('order_due_at', 'is', null), eb('due_at', 'is not', null)]))
            .select('seq')
            .limit(atMost)
            .as('waiting'),
        )
        .select(({ fn }) => fn.countAll<number>().as('count')),
    );
    return { waiting: row?.count ?? 0, position };
  }

  async list(options: GetReplaysOptions): Promise<RecordedReplaysPage> {
    const { cursor, limit = DEFAULT_LIMIT, minPosition, status, webhookId } = options;
    refuseIfAny(limitProblems(limit));
    const search = { webhookId: webhookId ?? null, status: status ?? null };
    const before =
      cursor === undefined ? Infinity : Number(decodeCursor(cursor, 'replays', search));
    await this.#readModels.fresh({ minPosition });
    const found = await this.#readModels.query(
      readModel
        .selectFrom('replays')
        .$if(webhookId !== undefined, (all) => all.where('webhook_id', '=', webhookId ?? ''))
        .$if(status !== undefined, (all) => all.where('status', '=', status ?? 'running'))
        .$if(cursor !== undefined, (all) => all.where('seq', '<', before))
        .select(['record', 'seq'])
        .orderBy('seq', 'desc')
        .limit(limit + 1),
    );
    const rows = found.slice(0, limit);
    const last = found.length > limit ? rows.at(-1) : undefined;
    return {
      items: rows.map(recordOf),
      nextCursor: last ? encodeCursor(last.seq, 'replays', search) : null,
    };
  }
}

function recordOf({ record }: { readonly record: string }): ReplayRecord {
  return JSON.parse(record) as ReplayRecord;
}
