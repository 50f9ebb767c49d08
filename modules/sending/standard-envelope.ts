import { bodyOf, DEFAULT_MAX_BODY_BYTES, joinedBody, poison } from './envelope/body.js';

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
  /** The event's data as the event store's client gives it: JSON, or bytes. Not looked at where there is `dataJson`. */
  readonly data?: unknown;
  /** The event's data as the JSON text, in UTF-8, that `JSON.stringify` makes of it: where that is known already. */
  readonly dataJson?: Uint8Array | undefined;
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
  const type = JSON.stringify(input.eventType);
  const timestamp = JSON.stringify(input.occurredAt);
  const head = `{"type":${type},"timestamp":${timestamp},"data":`;
  const tail = `,"metadata":${metadataJson(input)}}`;
  const { data, dataJson } = input;
  if (!dataJson) return bodyOf(`${head}${jsonOf(data)}${tail}`, maxBodyBytes);
  // The same bytes for the price of a copy: the data is neither parsed nor written anew.
  return joinedBody([Buffer.from(head), dataJson, Buffer.from(tail)], maxBodyBytes);
}

function jsonOf(data: unknown): string {
  if (data === undefined || ArrayBuffer.isView(data)) throw poison('its data is binary');
  let json: string | undefined;
  try {
    json = stringify(data);
  } catch (error) {
    throw poison('its data has no JSON form', error);
  }
  if (json === undefined) throw poison('its data has no JSON form');
  return json;
}

/** As it is: a function has no JSON. */
const stringify: (value: unknown) => string | undefined = JSON.stringify;

function metadataJson(input: EnvelopeInput): string {
  return JSON.stringify({
    eventId: input.eventId,
    stream: input.stream,
    revision: input.revision,
    tenantId: input.tenantId ?? undefined,
    correlationId: metadataText(input.metadata, 'correlationId'),
    causationId: metadataText(input.metadata, 'causationId'),
    replay: input.isReplay === true ? true : undefined,
  });
}

/** `$name` (the convention of EventStoreDB) or `name` of the event's metadata, if it is a text. */
function metadataText(metadata: unknown, name: string): string | undefined {
  if (metadata === null || typeof metadata !== 'object') return undefined;
  const values = metadata as Readonly<Record<string, unknown>>;
  const value = values[`$${name}`] ?? values[name];
  return typeof value === 'string' ? value : undefined;
}
