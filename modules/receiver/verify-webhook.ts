import { createHmac, timingSafeEqual } from 'node:crypto';
import { readWebhookHeaders, type WebhookHeaders } from './webhook-headers.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

export interface VerifyWebhookOptions {
  /** The body exactly as it was received: parsed and serialized again it has other bytes, and another signature. */
  readonly payload: Uint8Array | string;
  /** The request's headers: of Node, Express, Fastify or Fetch; names in any case. */
  readonly headers: WebhookHeaders;
  /** `whsec_...`. */
  readonly secret?: string;
  /** Several secrets, while one replaces another; in any order, beside or instead of `secret`. */
  readonly secrets?: readonly string[];
  /** How far the timestamp may lie in the past and in the future, in seconds. @default 300 */
  readonly toleranceSeconds?: number;
  /** @default the time of this machine */
  readonly now?: Date;
}

const DEFAULT_TOLERANCE_SECONDS = 300;
const SECRET_PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Verifies a request signed by Standard Webhooks 1.0.0 (`v1`, HMAC-SHA256) and returns its payload, parsed.
 *
 * Every `v1` signature of the request is tried with every secret, in constant time; signatures of other versions are
 * skipped. A delivery that was received twice has the same `webhook-id`: the caller deduplicates by it.
 *
 * @throws WebhookVerificationError with a stable `code`
 */
export function verifyWebhook(options: VerifyWebhookOptions): unknown {
  const { payload } = options;
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new WebhookVerificationError(
      'invalid_options',
      'payload must be the raw body (a string or bytes), not a parsed one',
    );
  }
  const keys = keysOf(options);
  const { id, timestamp, signatures } = readWebhookHeaders(options.headers);
  checkTimestamp(timestamp, options);
  if (!isSignedWithOneOf(keys, signatures, `${id}.${timestamp}.`, payload)) {
    throw new WebhookVerificationError('signature_mismatch', 'no signature matches');
  }
  return parsed(payload);
}

function keysOf({ secret, secrets = [] }: VerifyWebhookOptions): readonly Buffer[] {
  const keys = [...(secret === undefined ? [] : [secret]), ...secrets].map((text) => {
    const base64 = text.startsWith(SECRET_PREFIX) ? text.slice(SECRET_PREFIX.length) : text;
    if (!BASE64.test(base64)) {
      throw new WebhookVerificationError('invalid_options', 'a secret is not whsec_ and base64');
    }
    return Buffer.from(base64, 'base64');
  });
  if (keys.length > 0) return keys;
  throw new WebhookVerificationError('invalid_options', 'no secret was given');
}

function checkTimestamp(timestamp: string, options: VerifyWebhookOptions): void {
  const tolerance = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  const now = (options.now ?? new Date()).getTime() / 1_000;
  if (!(tolerance >= 0) || Number.isNaN(now)) {
    throw new WebhookVerificationError('invalid_options', 'toleranceSeconds or now is not valid');
  }
  const age = Math.floor(now) - Number(timestamp);
  if (age > tolerance) {
    throw new WebhookVerificationError('timestamp_too_old', 'the timestamp is too old');
  }
  if (age < -tolerance) {
    throw new WebhookVerificationError('timestamp_too_new', 'the timestamp is too new');
  }
}

function isSignedWithOneOf(
  keys: readonly Buffer[],
  signatures: readonly string[],
  prefix: string,
  payload: Uint8Array | string,
): boolean {
  let isSigned = false;
  for (const key of keys) {
    const expected = Buffer.from(
      createHmac('sha256', key).update(prefix).update(payload).digest('base64'),
    );
    for (const signature of signatures) {
      const given = Buffer.from(signature);
      if (given.length === expected.length && timingSafeEqual(given, expected)) isSigned = true;
    }
  }
  return isSigned;
}

function parsed(payload: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString());
  } catch {
    throw new WebhookVerificationError('invalid_payload', 'the payload is not JSON');
  }
}
