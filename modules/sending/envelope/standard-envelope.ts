import { aroundData } from './body.js';
import { type EnvelopeInput, notesOf } from './envelope-input.js';

/**
 * The body of a request in the Standard envelope: `type`, `timestamp` (when the event occurred), `data`, `metadata`.
 * Source: Standard Webhooks 1.0.0, "Payload structure".
 *
 * `metadata` says which event it is (`eventId`, `stream`, `revision`), for whom (`tenantId`), what it belongs to
 * (`correlationId`, `causationId`), in which version its type is (`version`), all three from the event's metadata, and
 * whether it is a replay. Equal input gives equal bytes.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the data is not JSON
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function standardEnvelope(input: EnvelopeInput, maxBodyBytes?: number): Buffer {
  const type = JSON.stringify(input.eventType);
  const timestamp = JSON.stringify(input.occurredAt);
  const head = `{"type":${type},"timestamp":${timestamp},"data":`;
  return aroundData(head, input, `,"metadata":${metadataJson(input)}}`, maxBodyBytes);
}

function metadataJson(input: EnvelopeInput): string {
  const { causationId, correlationId, version } = notesOf(input.metadata);
  return JSON.stringify({
    eventId: input.eventId,
    stream: input.stream,
    revision: input.revision,
    tenantId: input.tenantId ?? undefined,
    correlationId,
    causationId,
    version,
    replay: input.isReplay === true ? true : undefined,
  });
}
