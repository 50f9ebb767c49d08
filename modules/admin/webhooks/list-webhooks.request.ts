import { IsIn } from 'class-validator';
import type { Webhook, WebhookStatus } from '../../registry/index.js';
import { IsName } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { CursorField, DEFAULT_LIMIT, LimitField } from '../validation/page-fields.js';
import { toWebhookResponse, type WebhookPageResponse } from './webhook.response.js';

const STATUSES: readonly WebhookStatus[] = ['active', 'inactive', 'paused', 'disabled'];

/** Query of `GET /webhooks`: every given part must hold. */
export class ListWebhooksRequest {
  @Field({ rule: 'a text of 1 to 256 characters, given once', isOptional: true }, IsName(256))
  readonly tenantId?: string;

  @Field(
    { rule: `one of ${STATUSES.join(', ')}`, isOptional: true, enum: STATUSES },
    IsIn(STATUSES),
  )
  readonly status?: WebhookStatus;

  @LimitField()
  readonly limit?: string;

  @CursorField()
  readonly cursor?: string;
}

/** One page of `webhooks`, which are ordered by id. The cursor is the last id of the page before. */
export function pageOf(
  webhooks: readonly Webhook[],
  { cursor, limit, status, tenantId }: ListWebhooksRequest,
): WebhookPageResponse {
  const matching = webhooks.filter(
    (webhook) =>
      (status === undefined || webhook.status === status) &&
      (tenantId === undefined || webhook.definition.tenantId === tenantId),
  );
  const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString();
  const rest = matching.filter(({ id }) => id > after);
  const page = rest.slice(0, limit === undefined ? DEFAULT_LIMIT : Number(limit));
  const last = page.at(-1);
  const hasMore = last !== undefined && rest.length > page.length;
  return {
    items: page.map(toWebhookResponse),
    nextCursor: hasMore ? Buffer.from(last.id).toString('base64url') : null,
    total: matching.length,
  };
}
