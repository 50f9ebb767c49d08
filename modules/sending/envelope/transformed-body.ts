import { isPromise } from 'node:util/types';
import { bodyOf, DEFAULT_MAX_BODY_BYTES, poison } from './body.js';

/**
 * The body that a webhook's own transform makes of an event, as JSON.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws PosthornError PSH_SENDING_POISON_EVENT when the transform throws, or answers nothing that is JSON. The message
 *   names the class of the error only: what it says may quote the event.
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function transformedBody<Event>(
  transform: (event: Event) => unknown,
  event: Event,
  maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES,
): Buffer {
  return bodyOf(serialize(called(transform, event)), maxBodyBytes);
}

function called<Event>(transform: (event: Event) => unknown, event: Event): unknown {
  try {
    return transform(event);
  } catch (error) {
    throw poison(`its transform threw ${classOf(error)}`);
  }
}

function serialize(value: unknown): string {
  if (value === undefined || value === null) throw poison('its transform answered nothing');
  if (isPromise(value)) {
    value.catch(() => undefined);
    throw poison('its transform answered a promise, and has to answer at once');
  }
  const text = textOf(value);
  if (text === undefined) throw poison('what its transform answered has no JSON form');
  return text;
}

/** `undefined` where there is none: a function, or what refers to itself. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The class of an error: the one thing about it that quotes nothing. */
function classOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : '';
  return /^[A-Za-z]\w{0,63}$/.test(name) ? name : 'an error';
}
