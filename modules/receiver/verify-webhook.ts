import { readSignedRequest } from './signature-check.js';
import { resolvedProfile, type SignatureProfile } from './signature-profile.js';
import type { TrustedKeys } from './verification-keys.js';
import type { WebhookHeaders } from './webhook-headers.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

/** How webhooks are verified: which keys are trusted, and how they are signed. */
export interface WebhookVerification extends TrustedKeys {
  /** The style of the signature. @default 'standard' */
  readonly profile?: SignatureProfile;
  /**
   * How far the timestamp may lie in the past and in the future, in seconds. Styles that sign no time (`github`) have none
   * to check. @default 300
   */
  readonly toleranceSeconds?: number;
  /** Whether the payload is JSON, and is to be parsed. @default true */
  readonly isJson?: boolean;
}

/** A request to verify, and how. */
export interface VerifyWebhookOptions extends WebhookVerification {
  /** The body exactly as it was received: parsed and serialized again it has other bytes, and another signature. */
  readonly payload: Uint8Array | string;
  /** The request's headers: of Node, Express, Fastify or Fetch; names in any case. */
  readonly headers: WebhookHeaders;
  /** @default the time of this machine */
  readonly now?: Date;
}

/** A webhook that was verified. */
export interface ReceivedWebhook {
  /**
   * The id of the delivery, the same for all its attempts; `null` where the sender gave none. Only Standard Webhooks sign
   * it: with another style, tell deliveries apart by what the payload says.
   */
  readonly id: string | null;
  /** When the attempt was made; `null` where the signature covers no time. */
  readonly sentAt: Date | null;
  /** Parsed; with `isJson: false` as it was received. */
  readonly payload: unknown;
}

const DEFAULT_TOLERANCE_SECONDS = 300;

/**
 * Verifies a request and returns its payload, parsed. By default it is signed by Standard Webhooks 1.0.0: `v1`
 * (HMAC-SHA256) with a `secret`, `v1a` (ed25519) with a `publicKey`.
 *
 * Every signature of the request is tried with every key, symmetric ones in constant time; signatures of other versions
 * are skipped. A delivery that was received twice has the same `webhook-id`: the caller deduplicates by it.
 *
 * @throws WebhookVerificationError with a stable `code`
 */
export function verifyWebhook(options: VerifyWebhookOptions): unknown {
  return receiveWebhook(options).payload;
}

/**
 * Verifies a request as `verifyWebhook` does, and returns its id and time too.
 *
 * @throws WebhookVerificationError with a stable `code`
 */
export function receiveWebhook(options: VerifyWebhookOptions): ReceivedWebhook {
  const { payload, headers, profile = 'standard', isJson = true } = options;
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new WebhookVerificationError(
      'invalid_options',
      'payload must be the raw body (a string or bytes), not a parsed one',
    );
  }
  const { kind, headers: names } = resolvedProfile(profile);
  requireKeys(options, kind === 'standard');
  const request = readSignedRequest({ kind, headers: names }, headers);
  const { id, timestamp } = request;
  if (timestamp !== null) checkTimestamp(Number(timestamp), options);
  if (!request.isSignedWith(options, payload)) {
    throw new WebhookVerificationError('signature_mismatch', 'no signature matches');
  }
  return {
    id,
    sentAt: timestamp === null ? null : new Date(Number(timestamp) * 1_000),
    payload: isJson ? parsed(payload) : payload,
  };
}

function requireKeys(keys: TrustedKeys, canBePublic: boolean): void {
  const { secret, secrets = [], publicKey, publicKeys = [] } = keys;
  if (secret !== undefined || secrets.length > 0) return;
  if (canBePublic && (publicKey !== undefined || publicKeys.length > 0)) return;
  throw new WebhookVerificationError('invalid_options', 'no key was given for this profile');
}

function checkTimestamp(timestamp: number, options: VerifyWebhookOptions): void {
  const tolerance = options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  const now = (options.now ?? new Date()).getTime() / 1_000;
  if (!(tolerance >= 0) || Number.isNaN(now)) {
    throw new WebhookVerificationError('invalid_options', 'toleranceSeconds or now is not valid');
  }
  const age = Math.floor(now) - timestamp;
  if (age > tolerance) {
    throw new WebhookVerificationError('timestamp_too_old', 'the timestamp is too old');
  }
  if (age < -tolerance) {
    throw new WebhookVerificationError('timestamp_too_new', 'the timestamp is too new');
  }
}

function parsed(payload: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString());
  } catch {
    throw new WebhookVerificationError('invalid_payload', 'the payload is not JSON');
  }
}
