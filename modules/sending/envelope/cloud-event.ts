import { CloudEvent } from 'cloudevents';
import { aroundData, poison } from './body.js';
import { type EnvelopeInput, notesOf } from './envelope-input.js';

/** `content-type` of one CloudEvent in the structured mode of HTTP. */
export const CLOUD_EVENT_CONTENT_TYPE = 'application/cloudevents+json';

/** What no string of a CloudEvent may hold: control characters, half surrogate pairs, noncharacters (section 2.1). */
const NOT_IN_STRINGS = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

/**
 * The body of a request as a CloudEvent 1.0 in structured mode, made and checked by the official SDK.
 *
 * `source` is `/streams/{stream}`, percent-encoded, so that `source` and `id` together name one event even where two
 * streams hold an event of the same id; `subject` is the stream; `time` is when the event occurred. What else is known is
 * told in extensions, absent where nothing is: `tenantid`, `correlationid` and `causationid` (the correlation extension),
 * `typeversion`, `revision`, and `replay`. Characters that no CloudEvent may hold are replaced by U+FFFD. Source:
 * CloudEvents 1.0.2 and its JSON event format.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the data is not JSON, or the event cannot be a CloudEvent
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function cloudEvent(input: EnvelopeInput, maxBodyBytes?: number): Buffer {
  // The data is put in behind the attributes: the SDK needs not look at it, and it is written once.
  const attributes = JSON.stringify(attributesOf(input));
  return aroundData(`${attributes.slice(0, -1)},"data":`, input, '}', maxBodyBytes);
}

function attributesOf(input: EnvelopeInput): CloudEvent {
  const { causationId, correlationId, version } = notesOf(input.metadata);
  const stream = text(input.stream);
  try {
    return new CloudEvent({
      specversion: '1.0',
      id: input.eventId,
      source: `/streams/${encodeURIComponent(stream)}`,
      type: text(input.eventType),
      subject: stream,
      time: input.occurredAt,
      datacontenttype: 'application/json',
      ...extension('tenantid', input.tenantId),
      ...extension('correlationid', correlationId),
      ...extension('causationid', causationId),
      ...extension('typeversion', version),
      revision: input.revision,
      ...(input.isReplay === true && { replay: true }),
    });
  } catch (error) {
    throw poison('it cannot be told as a CloudEvent', error);
  }
}

function extension(name: string, value: string | null | undefined): Record<string, string> {
  return value ? { [name]: text(value) } : {};
}

function text(value: string): string {
  return value.replace(NOT_IN_STRINGS, '\uFFFD');
}
