import { isPromise } from 'node:util/types';
import { errorClassOf, isHeaderName, isHeaderValue, isReservedHeader } from '../../kernel/index.js';
import { bodyOf, bounded, DEFAULT_MAX_BODY_BYTES, poison } from './body.js';
import type { Envelope } from './envelope.js';

/** Of what kind a transformed body is, and what is sent along with it. */
export interface TransformedBodyOptions {
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Headers beside those of the webhook, by the same rules; they replace headers of the webhook of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What a transform answers when JSON alone is not enough.
 *
 * @example
 * webhook.withTransform(({ data }) => new TransformedBody(toXml(data), { contentType: 'application/xml' }))
 */
export class TransformedBody {
  /**
   * @param body text or bytes are sent as they are where a content type is given; anything else, and text without one, as
   *   JSON
   */
  constructor(
    readonly body: unknown,
    readonly options: TransformedBodyOptions = {},
  ) {}
}

const MOST_HEADERS = 50;
const LONGEST_VALUE = 4_096;
const JSON_TYPE = 'application/json';

/**
 * What a webhook's own transform makes of an event.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the transform throws, or answers nothing that can be sent. The message
 *   names the class of the error only: what it says may quote the event.
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function transformed<Event>(
  transform: (event: Event) => unknown,
  event: Event,
  maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES,
): Envelope {
  const answer = called(transform, event);
  const { body, options } =
    answer instanceof TransformedBody ? answer : new TransformedBody(answer);
  const { contentType, headers } = options;
  if (contentType !== undefined && !isContentType(contentType)) {
    throw poison('the content type that its transform answered is none');
  }
  return {
    body: bytesOf(body, contentType, maxBodyBytes),
    contentType: contentType ?? JSON_TYPE,
    ...(headers && { headers: checkedHeaders(headers) }),
  };
}

function called<Event>(transform: (event: Event) => unknown, event: Event): unknown {
  try {
    return transform(event);
  } catch (error) {
    throw poison(`its transform threw ${errorClassOf(error)}`);
  }
}

function bytesOf(body: unknown, contentType: string | undefined, maxBodyBytes: number): Buffer {
  if (contentType !== undefined && typeof body === 'string') return bodyOf(body, maxBodyBytes);
  if (contentType !== undefined && body instanceof Uint8Array) {
    return bounded(Buffer.from(body), maxBodyBytes);
  }
  return bodyOf(jsonText(body), maxBodyBytes);
}

function jsonText(value: unknown): string {
  if (value === undefined || value === null) throw poison('its transform answered nothing');
  if (isPromise(value)) {
    value.catch(() => undefined);
    throw poison('its transform answered a promise, and has to answer at once');
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // Refers to itself, or holds what JSON has no form for: the error would quote it.
  }
  if (text === undefined) throw poison('what its transform answered has no JSON form');
  return text;
}

function checkedHeaders(headers: unknown): Readonly<Record<string, string>> {
  if (typeof headers !== 'object' || headers === null) {
    throw poison('the headers that its transform answered are no object');
  }
  const entries = Object.entries(headers) as [string, unknown][];
  if (entries.length > MOST_HEADERS) {
    throw poison(`its transform answered more than ${MOST_HEADERS} headers`);
  }
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    if (!isHeaderName(name) || isReservedHeader(lower) || lower.startsWith('webhook-')) {
      throw poison('its transform answered a header that no webhook may set');
    }
    if (typeof value !== 'string' || value.length > LONGEST_VALUE || !isHeaderValue(value)) {
      throw poison('its transform answered a header with a value that no header can have');
    }
  }
  return headers as Readonly<Record<string, string>>;
}

/** A type and a subtype, with parameters perhaps (RFC 9110, section 8.3.1). */
function isContentType(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.length <= 256 &&
    isHeaderValue(value) &&
    /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+ *(;|$)/u.test(value)
  );
}
