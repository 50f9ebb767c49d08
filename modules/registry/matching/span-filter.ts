import type { WebhookDefinitionRecord } from '../webhook.events.js';
import type { SpanFilter } from './membership-spans.js';

/** What a definition asks of events besides their type, stream and tenant; `undefined`: nothing. */
export function spanFilterOf({
  filter,
}: Pick<WebhookDefinitionRecord, 'filter'>): SpanFilter | undefined {
  return filter && { expression: filter.kind === 'jmespath' ? filter.expression : null };
}
