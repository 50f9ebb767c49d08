import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { readModel } from '../database.js';
import {
  DEFAULT_LIMIT,
  decodeCursor,
  encodeCursor,
  limitProblems,
  type PageRequest,
  refuseIfAny,
} from '../runtime/page.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import { toWebhookItem, type WebhookItem } from './webhook-item.js';

/** Which webhooks, which page, and how fresh. */
export interface GetWebhooksOptions extends PageRequest, Freshness {
  readonly tenantId?: string | undefined;
}

export interface WebhooksPage {
  /** By id. */
  readonly items: readonly WebhookItem[];
  /** Gives the next page; `null` when there is none. */
  readonly nextCursor: string | null;
}

/**
 * The webhooks that are not removed, by id.
 *
 * @throws PosthornError `PSH_PROJECTION_QUERY_INVALID`, `PSH_PROJECTION_CURSOR_INVALID`, `PSH_PROJECTION_LAGGING` when
 *   `minPosition` is not reached in time
 */
export class GetWebhooks extends Query<WebhooksPage> {
  readonly options: GetWebhooksOptions;

  constructor(options: GetWebhooksOptions = {}) {
    super();
    this.options = options;
  }
}

@QueryHandler(GetWebhooks)
export class GetWebhooksHandler implements IQueryHandler<GetWebhooks> {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  async execute({ options }: GetWebhooks): Promise<WebhooksPage> {
    const { tenantId, limit = DEFAULT_LIMIT, cursor } = options;
    refuseIfAny(limitProblems(limit));
    const filter = tenantId === undefined ? {} : { tenantId };
    const after = cursor === undefined ? '' : String(decodeCursor(cursor, 'webhooks', filter));
    await this.#readModels.fresh(options);
    const found = await this.#readModels.query(
      readModel
        .selectFrom('webhooks')
        .selectAll()
        .where('is_removed', '=', 0)
        .$if(tenantId !== undefined, (all) => all.where('tenant_id', '=', tenantId ?? ''))
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit + 1),
    );
    const rows = found.slice(0, limit);
    const last = found.length > limit ? rows.at(-1) : undefined;
    return {
      items: rows.map(toWebhookItem),
      nextCursor: last ? encodeCursor(last.id, 'webhooks', filter) : null,
    };
  }
}
