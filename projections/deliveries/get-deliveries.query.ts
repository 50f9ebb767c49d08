import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { DeliveryStatus } from '../../modules/delivery/delivery.events.js';
import type { PageRequest } from '../runtime/page.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import { type DeliveryItem, toItem } from './delivery-item.js';
import { DeliveryPages } from './delivery-pages.js';
import type { DeliverySearch } from './delivery-search.js';

/** Which deliveries, which page, and how fresh; every given part must hold. */
export interface GetDeliveriesOptions
  extends Omit<DeliverySearch, 'statuses'>, PageRequest, Freshness {
  readonly status?: DeliveryStatus | undefined;
}

export interface DeliveriesPage {
  /** Newest first. May be fewer than `limit` although more follow. */
  readonly items: readonly DeliveryItem[];
  /** Gives the next page; `null` when there is none. */
  readonly nextCursor: string | null;
  /** How many match, exact; absent where no count is kept (only webhook, tenant and status have counts). */
  readonly total?: number;
}

/**
 * The delivery history, newest first.
 *
 * @throws PosthornError `PSH_PROJECTION_QUERY_INVALID`, `PSH_PROJECTION_CURSOR_INVALID`, `PSH_PROJECTION_LAGGING` when
 *   `minPosition` is not reached in time
 */
export class GetDeliveries extends Query<DeliveriesPage> {
  readonly options: GetDeliveriesOptions;

  constructor(options: GetDeliveriesOptions = {}) {
    super();
    this.options = options;
  }
}

@QueryHandler(GetDeliveries)
export class GetDeliveriesHandler implements IQueryHandler<GetDeliveries> {
  readonly #readModels: ReadModels;
  readonly #pages: DeliveryPages;

  constructor(readModels: ReadModels, pages: DeliveryPages) {
    this.#readModels = readModels;
    this.#pages = pages;
  }

  async execute({ options }: GetDeliveries): Promise<DeliveriesPage> {
    await this.#readModels.fresh(options);
    const { status } = options;
    const { rows, ...page } = await this.#pages.page(
      'deliveries',
      { ...options, statuses: status === undefined ? undefined : [status] },
      options,
    );
    return { items: rows.map(toItem), ...page };
  }
}
