import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { PageRequest } from '../runtime/page.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import { toItem } from './delivery-item.js';
import { DeliveryPages } from './delivery-pages.js';
import { DELIVERY_STATUSES } from './delivery-search.js';
import type { DeliveriesPage } from './get-deliveries.query.js';

const NOT_SUCCEEDED = DELIVERY_STATUSES.filter((status) => status !== 'succeeded');

/** Of which webhook, which page, and how fresh. */
export interface GetUndeliveredOptions extends PageRequest, Freshness {
  readonly webhookId: string;
  /** Epoch milliseconds of the delivery's creation, inclusive. */
  readonly from?: number | undefined;
  /** Epoch milliseconds of the delivery's creation, exclusive. */
  readonly to?: number | undefined;
}

/**
 * The deliveries of a webhook that did not succeed, newest first: those that wait or are tried again, dead letters, and
 * what was discarded. Without `from` and `to` the total is exact.
 *
 * @throws PosthornError as `GetDeliveries`
 */
export class GetUndelivered extends Query<DeliveriesPage> {
  readonly options: GetUndeliveredOptions;

  constructor(options: GetUndeliveredOptions) {
    super();
    this.options = options;
  }
}

@QueryHandler(GetUndelivered)
export class GetUndeliveredHandler implements IQueryHandler<GetUndelivered> {
  readonly #readModels: ReadModels;
  readonly #pages: DeliveryPages;

  constructor(readModels: ReadModels, pages: DeliveryPages) {
    this.#readModels = readModels;
    this.#pages = pages;
  }

  async execute({ options }: GetUndelivered): Promise<DeliveriesPage> {
    await this.#readModels.fresh(options);
    const { webhookId, from, to } = options;
    const { rows, ...page } = await this.#pages.page(
      'undelivered',
      { webhookId, from, to, statuses: NOT_SUCCEEDED },
      options,
    );
    return { items: rows.map(toItem), ...page };
  }
}
