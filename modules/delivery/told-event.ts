import type { RecordedEvent } from '@eventstore/db-client';
import { canonicalJsonOf } from '../event-store/index.js';
import { errorClassOf, PosthornError } from '../kernel/index.js';
import {
  envelopeKindOf,
  sourceEventOf,
  type Webhook,
  type WebhookDirectory,
} from '../registry/index.js';
import { type Envelope, envelope, transformed } from '../sending/index.js';

/** An event, and how it is delivered. */
export interface ToldSubject {
  readonly webhook: Webhook;
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
  readonly isReplay: boolean;
}

/**
 * What of a request an event becomes: in the envelope of its webhook, or as the webhook's transform tells it.
 *
 * @throws PosthornError `PSH_SENDING_POISON_EVENT`, `PSH_SENDING_BODY_TOO_LARGE`, `PSH_REGISTRY_CODE_MISSING`
 */
export function toldEvent(
  { event, isReplay, tenantId, webhook }: ToldSubject,
  directory: Pick<WebhookDirectory, 'functions'>,
): Envelope {
  const { transform } = directory.functions(webhook);
  if (transform) return transformed(transform, sourceEventOf(event, tenantId));
  const dataJson = canonicalJsonOf(event);
  return envelope(envelopeKindOf(webhook.definition), {
    eventId: event.id,
    eventType: event.type,
    stream: event.streamId,
    revision: event.revision.toString(),
    tenantId,
    occurredAt: event.created.toISOString(),
    ...(dataJson ? { dataJson } : { data: event.data }),
    metadata: event.metadata,
    isReplay,
  });
}

/**
 * Whether the filter of the webhook wants the event.
 *
 * @throws PosthornError `PSH_SENDING_POISON_EVENT` when it fails on it, `PSH_REGISTRY_CODE_MISSING`
 */
export function isWanted(
  { event, tenantId, webhook }: Omit<ToldSubject, 'isReplay'>,
  directory: Pick<WebhookDirectory, 'functions'>,
): boolean {
  if (!webhook.definition.filter) return true;
  const { filter } = directory.functions(webhook);
  try {
    return filter?.(sourceEventOf(event, tenantId)) ?? true;
  } catch (error) {
    throw new PosthornError(
      'PSH_SENDING_POISON_EVENT',
      `Whether the webhook wants the event cannot be told: its filter threw ${errorClassOf(error)}.`,
    );
  }
}

/** The headers of a webhook with those of a transform, which replace headers of the same name in any case. */
export function mergedHeaders(
  webhook: Readonly<Record<string, string>>,
  told: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (!told) return webhook;
  const names = new Set(Object.keys(told).map((name) => name.toLowerCase()));
  const kept = Object.entries(webhook).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...told };
}
