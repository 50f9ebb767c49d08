import { PosthornError } from '../../kernel/index.js';
import type { EnvelopeInput } from './envelope-input.js';

/** Largest request body by default, in bytes. Standard Webhooks advises to stay below 20 kB. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/**
 * The bytes of a body, if they are not too many.
 *
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function bodyOf(text: string, maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES): Buffer {
  // A character takes at least one byte: what is too long as text need not be copied to be measured.
  if (text.length <= maxBodyBytes) return bounded(Buffer.from(text), maxBodyBytes);
  throw tooLarge(maxBodyBytes);
}

/**
 * The same bytes, if they are not too many.
 *
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function bounded(body: Buffer, maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES): Buffer {
  if (body.length <= maxBodyBytes) return body;
  throw tooLarge(maxBodyBytes);
}

/**
 * The event's data as JSON between two texts.
 *
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the data is not JSON
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function aroundData(
  head: string,
  { data, dataJson }: Pick<EnvelopeInput, 'data' | 'dataJson'>,
  tail: string,
  maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES,
): Buffer {
  if (!dataJson) return bodyOf(`${head}${jsonOf(data)}${tail}`, maxBodyBytes);
  // The same bytes for the price of a copy: the data is neither parsed nor written anew.
  const parts = [Buffer.from(head), dataJson, Buffer.from(tail)];
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return Buffer.concat(parts, bytes);
}

/** An event that can never be turned into a request. @param reason quotes nothing of the event */
export function poison(reason: string, cause?: unknown): PosthornError {
  return new PosthornError(
    'PSH_SENDING_POISON_EVENT',
    `The event cannot be turned into a request: ${reason}.`,
    { cause },
  );
}

/** As it is: a function has no JSON. */
const stringify: (value: unknown) => string | undefined = JSON.stringify;

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

function tooLarge(maxBodyBytes: number): PosthornError {
  return new PosthornError(
    'PSH_SENDING_BODY_TOO_LARGE',
    `The event makes a body of more than ${maxBodyBytes} bytes.`,
  );
}
