import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { readModel } from '../database.js';
import { ReadModels } from '../runtime/read-models.js';

/** How far the stream of a webhook goes. */
export interface WebhookRevision {
  readonly id: string;
  /** Revision of the last event in its stream. */
  readonly revision: bigint;
}

/**
 * The revision of every webhook that was ever registered, by id: what the registry compares its pointers with, to find
 * changes that were recorded but never took effect.
 */
export class GetWebhookRevisions extends Query<readonly WebhookRevision[]> {}

@QueryHandler(GetWebhookRevisions)
export class GetWebhookRevisionsHandler implements IQueryHandler<GetWebhookRevisions> {
  readonly #readModels: ReadModels;

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
  }

  async execute(): Promise<readonly WebhookRevision[]> {
    const rows = await this.#readModels.query(
      readModel.selectFrom('webhooks').select(['id', 'revision']).orderBy('id'),
    );
    return rows.map(({ id, revision }) => ({ id, revision: BigInt(revision) }));
  }
}
