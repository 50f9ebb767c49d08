import { headerText } from '../header-text.js';
import { aroundData, bounded } from './body.js';
import { type EnvelopeInput, notesOf } from './envelope-input.js';

/** A header longer than this would be refused by common servers: what it would tell is left out. */
const LONGEST_VALUE = 2_048;

/**
 * The event's data as it is: JSON, or the bytes of an event that was recorded as such.
 *
 * @throws PosthornError PSH_SENDING_POISON_EVENT, PSH_SENDING_BODY_TOO_LARGE
 */
export function rawBody(
  input: EnvelopeInput,
  maxBodyBytes?: number,
): { readonly body: Buffer; readonly contentType: string } {
  const { data, dataJson } = input;
  if (!dataJson && ArrayBuffer.isView(data)) {
    const body = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return { body: bounded(body, maxBodyBytes), contentType: 'application/octet-stream' };
  }
  return { body: aroundData('', input, '', maxBodyBytes), contentType: 'application/json' };
}

/**
 * What the Standard envelope tells in its metadata, as headers; what is not printable ASCII is percent-encoded. A header
 * that there is nothing to say in, or too much, is absent.
 */
export function metadataHeaders(input: EnvelopeInput): Readonly<Record<string, string>> {
  const { causationId, correlationId, version } = notesOf(input.metadata);
  const values: Readonly<Record<string, string | null | undefined>> = {
    'webhook-event-id': input.eventId,
    'webhook-event-type': input.eventType,
    'webhook-event-time': input.occurredAt,
    'webhook-event-stream': input.stream,
    'webhook-event-revision': input.revision,
    'webhook-event-version': version,
    'webhook-event-tenant': input.tenantId,
    'webhook-correlation-id': correlationId,
    'webhook-causation-id': causationId,
  };
  const headers = Object.entries(values).flatMap(([name, value]) => {
    const text = value ? headerText(value) : '';
    return text === '' || text.length > LONGEST_VALUE ? [] : [[name, text] as const];
  });
  return Object.fromEntries(headers);
}
