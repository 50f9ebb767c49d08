import { CLOUD_EVENT_CONTENT_TYPE, cloudEvent } from './cloud-event.js';
import type { EnvelopeInput } from './envelope-input.js';
import { metadataHeaders, rawBody } from './raw-body.js';
import { standardEnvelope } from './standard-envelope.js';

/** How an event is told in a request. */
export type EnvelopeKind =
  /** Standard Webhooks 1.0.0. */
  | 'standard'
  /** CloudEvents 1.0, structured. */
  | 'cloudevents'
  /** The event's data as it is; what else there is to say stands in headers. */
  | 'raw';

/** The part of a request that an event becomes. */
export interface Envelope {
  readonly body: Buffer;
  readonly contentType: string;
  /** Headers by the rules of a webhook's static ones. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of the sender's own, by name in lower case: no static header replaces them. */
  readonly envelopeHeaders?: Readonly<Record<string, string>>;
}

/**
 * An event in an envelope. Equal input gives equal bytes.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the event has no such form
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function envelope(
  kind: EnvelopeKind,
  input: EnvelopeInput,
  maxBodyBytes?: number,
): Envelope {
  switch (kind) {
    case 'standard':
      return {
        body: standardEnvelope(input, maxBodyBytes),
        contentType: 'application/json',
      };
    case 'cloudevents':
      return { body: cloudEvent(input, maxBodyBytes), contentType: CLOUD_EVENT_CONTENT_TYPE };
    case 'raw':
      return { ...rawBody(input, maxBodyBytes), envelopeHeaders: metadataHeaders(input) };
  }
}
