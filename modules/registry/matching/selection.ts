import type { WebhookDefinitionRecord } from '../webhook.events.js';
import type { MatchableEvent } from '../webhook.js';
import {
  sourceKeyOf,
  sourceKeysFor,
  tenantKeyOf,
  tenantKeysFor,
  typeKeyOf,
  typeKeysFor,
} from './match-keys.js';

/**
 * Whether a definition asks for an event, whenever it happened: by tenant, source and event type. What a webhook is a
 * member of since its registration is for the directory to say; this is for the history before it.
 */
export function isSelected(
  definition: Pick<WebhookDefinitionRecord, 'eventTypes' | 'source' | 'tenantId' | 'isGlobal'>,
  event: Omit<MatchableEvent, 'position'>,
): boolean {
  const types = typeKeysFor(event.type);
  return (
    definition.eventTypes.some((pattern) => types.includes(typeKeyOf(pattern))) &&
    sourceKeysFor(event.stream).includes(sourceKeyOf(definition.source)) &&
    tenantKeysFor(event.tenantId).includes(tenantKeyOf(definition))
  );
}
