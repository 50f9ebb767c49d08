import { bodyOf, DEFAULT_MAX_BODY_BYTES, poison } from './envelope/body.js';

/** `content-type` of the Standard envelope. */
export const STANDARD_CONTENT_TYPE = 'application/json';

/** An observed event, and what is known of it where it is delivered. */
export interface EnvelopeInput {
  readonly eventId: string;
  readonly eventType: string;
  /** Source stream of the event. */
  readonly stream: string;
  /** Revision of the event in its stream, decimal. */
  readonly revision: string;
  readonly tenantId: string | null;
  /** When the event was recorded, ISO 8601 in UTC. */
  readonly occurredAt: string;
  /** The event's data as the event store's client gives it: JSON, or bytes. */
  readonly data: unknown;
  /** The event's metadata as the event store's client gives it. */
  readonly metadata?: unknown;
  /** Marks the envelope with `metadata.replay: true`. @default false */
  readonly isReplay?: boolean;
}

/**
 * The body of a request in the Standard envelope: `type`, `timestamp` (when the event occurred), `data`, `metadata`.
 * Source: Standard Webhooks 1.0.0, "Payload structure".
 *
 * `metadata` says which event it is (`eventId`, `stream`, `revision`), for whom (`tenantId`), what it belongs to
 * (`correlationId`, `causationId`, from the event's `$correlationId` / `$causationId` or the same without `$`), and
 * whether it is a replay. Equal input gives equal bytes.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the data is not JSON
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function standardEnvelope(
  input: EnvelopeInput,
  maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES,
): Buffer {
  return bodyOf(serialize(input), maxBodyBytes);
}

function serialize(input: EnvelopeInput): string {
  const { data } = input;
  if (data === undefined || ArrayBuffer.isView(data)) {
    throw poison('its data is binary');
  }
  try {
    return JSON.stringify({
      type: input.eventType,
      timestamp: input.occurredAt,
      data,
      metadata: {
        eventId: input.eventId,
        stream: input.stream,
        revision: input.revision,
        tenantId: input.tenantId ?? undefined,
        correlationId: metadataText(input.metadata, 'correlationId'),
        causationId: metadataText(input.metadata, 'causationId'),
        replay: input.isReplay === true ? true : undefined,
      },
    });
  } catch (error) {
    throw poison('its data has no JSON form', error);
  }
}

/** `$name` (the convention of EventStoreDB) or `name` of the event's metadata, if it is a text. */
function metadataText(metadata: unknown, name: string): string | undefined {
  if (metadata === null || typeof metadata !== 'object') return undefined;
  const values = metadata as Readonly<Record<string, unknown>>;
  const value = values[`$${name}`] ?? values[name];
  return typeof value === 'string' ? value : undefined;
}
