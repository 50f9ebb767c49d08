import { PosthornError } from '../../kernel/index.js';

/** Largest request body by default, in bytes. Standard Webhooks advises to stay below 20 kB. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/**
 * The bytes of a body, if they are not too many.
 *
 * @throws PosthornError PSH_SENDING_BODY_TOO_LARGE
 */
export function bodyOf(text: string, maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES): Buffer {
  // A character takes at least one byte: what is too long as text need not be copied to be measured.
  if (text.length <= maxBodyBytes) {
    const body = Buffer.from(text);
    if (body.length <= maxBodyBytes) return body;
  }
  throw tooLarge(maxBodyBytes);
}

/** The same of bytes, which are joined. */
export function joinedBody(parts: readonly Uint8Array[], maxBodyBytes: number): Buffer {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return Buffer.concat(parts, bytes);
}

function tooLarge(maxBodyBytes: number): PosthornError {
  return new PosthornError(
    'PSH_SENDING_BODY_TOO_LARGE',
    `The event makes a body of more than ${maxBodyBytes} bytes.`,
  );
}

/** An event that can never be turned into a request. @param reason quotes nothing of the event */
export function poison(reason: string, cause?: unknown): PosthornError {
  return new PosthornError(
    'PSH_SENDING_POISON_EVENT',
    `The event cannot be turned into a request: ${reason}.`,
    { cause },
  );
}
