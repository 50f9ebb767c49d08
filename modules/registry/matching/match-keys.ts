import { ANY_EVENT_TYPE, prefixOf } from '../definition/event-type-rules.js';
import { DEFINITION_LIMITS } from '../definition/definition-limits.js';
import type { SourceSelection } from '../webhook.events.js';

/** Key of the webhooks that listen to every tenant. */
const EVERY_TENANT = 'every tenant';

/** The tenants a webhook listens to, as a key. */
export function tenantKeyOf(selection: {
  readonly tenantId: string | null;
  readonly isGlobal: boolean;
}): string {
  return selection.isGlobal ? EVERY_TENANT : ownTenantKey(selection.tenantId);
}

/** The keys under which the webhooks are found that listen to the tenant of an event. */
export function tenantKeysFor(tenantId: string | null): readonly string[] {
  return [ownTenantKey(tenantId), EVERY_TENANT];
}

/** The streams a webhook listens to, as a key. */
export function sourceKeyOf(source: SourceSelection): string {
  switch (source.kind) {
    case 'all':
      return 'all';
    case 'stream':
      return `stream ${source.stream}`;
    case 'category':
      return `category ${source.category}`;
  }
}

/**
 * The keys under which the webhooks are found that listen to `stream`. Its category is what stands before the first
 * dash, as EventStoreDB's `$by_category` projection cuts it.
 */
export function sourceKeysFor(stream: string): readonly string[] {
  const keys = ['all', `stream ${stream}`];
  const dash = stream.indexOf('-');
  if (dash > 0) keys.push(`category ${stream.slice(0, dash)}`);
  return keys;
}

/** An event type pattern as a key: `order.*` by its prefix, which no name can be mistaken for. */
export function typeKeyOf(pattern: string): string {
  const prefix = prefixOf(pattern);
  if (pattern === ANY_EVENT_TYPE) return pattern;
  return prefix === undefined ? `name ${pattern}` : `prefix ${prefix}`;
}

/** The keys of every pattern that stands for `eventType`: as many as it has dots, and two more. */
export function typeKeysFor(eventType: string): readonly string[] {
  const keys = [ANY_EVENT_TYPE, `name ${eventType}`];
  const longest = DEFINITION_LIMITS.eventTypeLength;
  let dot = eventType.indexOf('.');
  while (dot !== -1 && dot < longest) {
    keys.push(`prefix ${eventType.slice(0, dot + 1)}`);
    dot = eventType.indexOf('.', dot + 1);
  }
  return keys;
}

function ownTenantKey(tenantId: string | null): string {
  return tenantId === null ? 'no tenant' : `tenant ${tenantId}`;
}
