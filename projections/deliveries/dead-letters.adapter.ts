import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'kysely';
import type { DeadLetterFilter, DeadLetters } from '../../modules/replay/dead-letters.port.js';
import { readModel, type ReadModelDatabase } from '../database.js';
import { ReadModels } from '../runtime/read-models.js';

/** The dead letters of this instance's read model, for the bulk replay. */
@Injectable()
export class DeadLettersAdapter implements DeadLetters {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  async count(filter: DeadLetterFilter): Promise<number> {
    const [row] = await this.#readModels.query(
      matching(filter).select(({ fn }) => fn.countAll<number>().as('total')),
    );
    return row?.total ?? 0;
  }

  async page(query: {
    readonly filter: DeadLetterFilter;
    readonly limit: number;
    readonly minPosition: bigint;
    readonly afterId?: string;
  }): Promise<readonly string[]> {
    const { filter, limit, afterId } = query;
    await this.#readModels.fresh(query);
    const rows = await this.#readModels.query(
      matching(filter)
        .$if(afterId !== undefined, (found) => found.where('id', '>', afterId ?? ''))
        .select('id')
        .orderBy('id')
        .limit(limit),
    );
    return rows.map(({ id }) => id);
  }
}

function matching({
  webhookId,
  tenantId,
  eventType,
  from,
  to,
}: DeadLetterFilter): SelectQueryBuilder<ReadModelDatabase, 'deliveries', object> {
  return readModel
    .selectFrom('deliveries')
    .where('dead_letter_reason', 'is not', null)
    .$if(webhookId !== undefined, (found) => found.where('webhook_id', '=', webhookId ?? ''))
    .$if(tenantId !== undefined, (found) => found.where('tenant_id', '=', tenantId ?? ''))
    .$if(eventType !== undefined, (found) => found.where('event_type', '=', eventType ?? ''))
    .$if(from !== undefined, (found) => found.where('created_at', '>=', from ?? 0))
    .$if(to !== undefined, (found) => found.where('created_at', '<', to ?? 0));
}
