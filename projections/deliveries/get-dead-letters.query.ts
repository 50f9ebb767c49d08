import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { DeadLetterReason } from '../../modules/delivery/delivery.events.js';
import type { PageRequest } from '../runtime/page.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import type { DeliveryRow } from './deliveries.schema.js';
import { type DeliveryItem, toItem } from './delivery-item.js';
import { DeliveryPages } from './delivery-pages.js';
import type { DeliverySearch } from './delivery-search.js';

/** Which dead letters, which page, and how fresh; every given part must hold. */
export interface GetDeadLettersOptions
  extends Omit<DeliverySearch, 'statuses'>, PageRequest, Freshness {}

/** Why a delivery ended as a dead letter. */
export interface FinalError {
  readonly reason: DeadLetterReason | null;
  /** What was wrong with the last attempt; `null` when there was none. */
  readonly errorClass: string | null;
  readonly errorMessage: string | null;
  readonly statusCode: number | null;
}

export interface DeadLetterItem extends DeliveryItem {
  readonly finalError: FinalError;
}

export interface DeadLettersPage {
  /** Newest delivery first. May be fewer than `limit` although more follow. */
  readonly items: readonly DeadLetterItem[];
  /** Gives the next page; `null` when there is none. */
  readonly nextCursor: string | null;
  /** How many match, exact; absent where no count is kept (only webhook and tenant have counts). */
  readonly total?: number;
}

/**
 * The dead letters with their final errors, newest first.
 *
 * @throws PosthornError as `GetDeliveries`
 */
export class GetDeadLetters extends Query<DeadLettersPage> {
  readonly options: GetDeadLettersOptions;

  constructor(options: GetDeadLettersOptions = {}) {
    super();
    this.options = options;
  }
}

@QueryHandler(GetDeadLetters)
export class GetDeadLettersHandler implements IQueryHandler<GetDeadLetters> {
  readonly #readModels: ReadModels;
  readonly #pages: DeliveryPages;

  constructor(readModels: ReadModels, pages: DeliveryPages) {
    this.#readModels = readModels;
    this.#pages = pages;
  }

  async execute({ options }: GetDeadLetters): Promise<DeadLettersPage> {
    await this.#readModels.fresh(options);
    const { rows, ...page } = await this.#pages.page(
      'dead-letters',
      { ...options, statuses: ['dead-lettered'] },
      options,
    );
    return { items: rows.map(toDeadLetter), ...page };
  }
}

function toDeadLetter(row: DeliveryRow): DeadLetterItem {
  return {
    ...toItem(row),
    finalError: {
      reason: row.dead_letter_reason,
      errorClass: row.last_error_class,
      errorMessage: row.dead_letter_message,
      statusCode: row.last_status_code,
    },
  };
}
