import { type Compilable, sql } from 'kysely';
import {
  type DueDelivery,
  type OthersQuery,
  UNOWNED,
} from '../../modules/delivery/due-deliveries.port.js';
import { readModel } from '../database.js';

/** What another instance left of a webhook. */
export interface DueOfOwner {
  readonly owner: string;
  /** Whether something of it was due early enough. */
  readonly isWanted: 0 | 1;
  /** When the next one is due that was not; `null` when there is none. */
  readonly nextDueAt: number | null;
}

/**
 * For each owner but this instance, what is due. Goes from owner to owner through the index of owners, so its cost grows
 * with the instances, and not with what they left.
 */
export function dueByOwner(query: OthersQuery): Compilable<DueOfOwner> {
  const { webhookId, owner, ownedDueBefore, unownedDueBefore } = query;
  const ofWebhook = sql`webhook_id = ${webhookId} AND due_at IS NOT NULL`;
  const ofOwner = sql`webhook_id = ${webhookId} AND owner = owners.name`;
  const dueBefore = sql`iif(owners.name = ${UNOWNED}, ${unownedDueBefore}, ${ownedDueBefore})`;
  const statement = sql<DueOfOwner>`
    WITH RECURSIVE owners (name) AS (
      SELECT min(owner) FROM deliveries WHERE ${ofWebhook}
      UNION ALL
      SELECT (SELECT min(owner) FROM deliveries WHERE ${ofWebhook} AND owner > owners.name)
      FROM owners WHERE owners.name IS NOT NULL
    )
    SELECT
      owners.name AS owner,
      EXISTS (SELECT 1 FROM deliveries WHERE ${ofOwner} AND due_at <= ${dueBefore}) AS isWanted,
      (SELECT min(due_at) FROM deliveries WHERE ${ofOwner} AND due_at > ${dueBefore}) AS nextDueAt
    FROM owners WHERE owners.name IS NOT NULL AND owners.name <> ${owner}`;
  return { compile: () => statement.compile(readModel) };
}

/** What is wanted behind `afterId`, by id. */
export function wantedBehind(query: OthersQuery, limit: number): Compilable<DueDelivery> {
  const { afterId, fromId } = query;
  const isBehindFrom = afterId >= fromId;
  return wanted(query, limit).where(
    'id',
    isBehindFrom ? '>' : '>=',
    isBehindFrom ? afterId : fromId,
  );
}

/** What is wanted up to `afterId`, by id. */
export function wantedBefore(query: OthersQuery, limit: number): Compilable<DueDelivery> {
  const { afterId, fromId } = query;
  return wanted(query, limit).where('id', '>=', fromId).where('id', '<=', afterId);
}

function wanted(query: OthersQuery, limit: number) {
  const { webhookId, owner, ownedDueBefore, toId, unownedDueBefore } = query;
  return readModel
    .selectFrom('deliveries')
    .where('webhook_id', '=', webhookId)
    .where('due_at', 'is not', null)
    .$if(toId !== null, (found) => found.where('id', '<', toId ?? ''))
    .where((eb) =>
      eb.or([
        eb.and([eb('owner', 'not in', [owner, UNOWNED]), eb('due_at', '<=', ownedDueBefore)]),
        eb.and([eb('owner', '=', UNOWNED), eb('due_at', '<=', unownedDueBefore)]),
      ]),
    )
    .orderBy('id')
    .limit(limit)
    .select([
      'id as deliveryId',
      'webhook_id as webhookId',
      (eb) => eb.ref('due_at').$notNull().as('dueAt'),
    ]);
}
