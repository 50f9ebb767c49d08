import { WebhookVerificationError } from './webhook-verification.error.js';

/** A request as Node's server hands it over, and Express and Nest with it. */
export interface RawBodyRequest extends AsyncIterable<unknown> {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Whether everything was read from it already. */
  readonly readableEnded?: boolean;
  /** What a parser made of the body; raw bytes if it left them alone. */
  readonly body?: unknown;
  /** The raw bytes that a parser has kept, such as Nest's with `rawBody: true`. */
  readonly rawBody?: unknown;
}

/** Largest body that is read by default, in bytes. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/**
 * The body of a request as it was sent: what a parser has kept of it, or else what is read from the request now.
 *
 * @param maxBodyBytes largest body, in bytes; default 1 MiB
 * @throws WebhookVerificationError `payload_too_large`; `invalid_options` when a parser has consumed the body and kept
 *   nothing of it
 */
export async function readRawBody(
  request: RawBodyRequest,
  maxBodyBytes: number = DEFAULT_MAX_BODY_BYTES,
): Promise<Uint8Array> {
  const kept = [request.rawBody, request.body].find((body) => body instanceof Uint8Array);
  if (kept !== undefined) return bounded(kept, maxBodyBytes);
  if (request.readableEnded === true) {
    throw new WebhookVerificationError(
      'invalid_options',
      'the body was parsed before it was verified, and its raw bytes were not kept',
    );
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return collected(request, maxBodyBytes);
}

async function collected(request: RawBodyRequest, maxBodyBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // A `for await` that is left early destroys the connection, and with it the answer.
  const reading = request[Symbol.asyncIterator]();
  for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
    const chunk = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the request is not a stream of bytes');
    length += chunk.length;
    if (length > maxBodyBytes) throw tooLarge(maxBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function bounded(body: Uint8Array, maxBodyBytes: number): Uint8Array {
  if (body.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return body;
}

function tooLarge(maxBodyBytes: number): WebhookVerificationError {
  return new WebhookVerificationError(
    'payload_too_large',
    `the body is larger than ${maxBodyBytes} bytes`,
  );
}
