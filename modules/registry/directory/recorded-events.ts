import type { RecordedEvent } from '@eventstore/db-client';
import { isWebhookId } from '../definition/field-rules.js';
import { isRecord } from '../definition/problems.js';
import type {
  RegistryKeyChecked,
  RegistryPointer,
  SealedText,
  WebhookEvent,
} from '../webhook.events.js';

/** A pointer of the registry stream. */
export interface PlacedPointer {
  readonly webhookId: string;
  /** Revision of the webhook's stream that takes effect. */
  readonly revision: bigint;
  /** Position in the log at which it does. */
  readonly position: bigint;
}

const WITH_DEFINITION: ReadonlySet<string> = new Set<WebhookEvent['type']>([
  'WebhookRegistered',
  'WebhookChanged',
]);

const PLAIN: ReadonlySet<string> = new Set<WebhookEvent['type']>([
  'WebhookPaused',
  'WebhookResumed',
  'WebhookDisabled',
  'WebhookRemoved',
]);

/**
 * The event as this version knows it; `undefined` for one of a newer version, or one that Posthorn never wrote: it is
 * passed over, because what is in the log cannot be refused any more.
 */
export function asWebhookEvent({ type, data }: RecordedEvent): WebhookEvent | undefined {
  if (!isRecord(data)) return undefined;
  const isKnown =
    PLAIN.has(type) ||
    (WITH_DEFINITION.has(type) && isDefinition(data['definition'])) ||
    (type === 'WebhookSecretRotated' && Array.isArray(data['signingSecrets'])) ||
    (type === 'WebhookSecretsResealed' && isResealing(data['secrets']));
  return isKnown ? ({ type, data } as unknown as WebhookEvent) : undefined;
}

export function asPointer(recorded: RecordedEvent): PlacedPointer | undefined {
  const { type, data, position } = recorded;
  if (type !== ('WebhookRegistryAdvanced' satisfies RegistryPointer['type'])) return undefined;
  if (!isRecord(data) || !position) return undefined;
  const { webhookId, revision } = data;
  if (!isWebhookId(webhookId)) return undefined;
  if (typeof revision !== 'string' || !/^\d{1,19}$/u.test(revision)) return undefined;
  return { webhookId, revision: BigInt(revision), position: position.commit };
}

export function asKeyProof({ type, data }: RecordedEvent): SealedText | undefined {
  if (type !== ('RegistryKeyChecked' satisfies RegistryKeyChecked['type'])) return undefined;
  const sealed = isRecord(data) ? data['fingerprintKey'] : undefined;
  return isRecord(sealed) ? (sealed as unknown as SealedText) : undefined;
}

function isDefinition(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['url'] === 'string' &&
    Array.isArray(value['eventTypes']) &&
    Array.isArray(value['signingSecrets']) &&
    isRecord(value['source']) &&
    isRecord(value['headers']) &&
    isRecord(value['auth'])
  );
}

function isResealing(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => isRecord(one) && isRecord(one['sealed']));
}
