import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { readModel } from '../database.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import { toWebhookItem, type WebhookItem } from './webhook-item.js';

/**
 * One webhook, removed ones too; `null` when none was ever registered under this id.
 *
 * @throws PosthornError `PSH_PROJECTION_LAGGING` when `minPosition` is not reached in time
 */
export class GetWebhook extends Query<WebhookItem | null> {
  readonly webhookId: string;
  readonly options: Freshness;

  constructor(webhookId: string, options: Freshness = {}) {
    super();
    this.webhookId = webhookId;
    this.options = options;
  }
}

@QueryHandler(GetWebhook)
export class GetWebhookHandler implements IQueryHandler<GetWebhook> {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  async execute({ webhookId, options }: GetWebhook): Promise<WebhookItem | null> {
    await this.#readModels.fresh(options);
    const [row] = await this.#readModels.query(
      readModel.selectFrom('webhooks').selectAll().where('id', '=', webhookId),
    );
    return row ? toWebhookItem(row) : null;
  }
}
