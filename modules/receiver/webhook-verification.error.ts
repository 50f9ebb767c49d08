/** Why a request was not accepted as a webhook. Codes are stable: programs compare them. */
export type WebhookVerificationCode =
  /** A header that the signature needs is missing. */
  | 'missing_header'
  /** One of them is malformed or was sent more than once. */
  | 'invalid_header'
  /** The timestamp is further in the past than the tolerance: a replayed request, or a wrong clock. */
  | 'timestamp_too_old'
  /** The timestamp is further in the future than the tolerance. */
  | 'timestamp_too_new'
  /** No signature was made with any of the keys for these bytes. */
  | 'signature_mismatch'
  /** The signature is right, and the body is not JSON. */
  | 'invalid_payload'
  /** The body is larger than the receiver reads. */
  | 'payload_too_large'
  /** The caller gave no raw body, no usable key, no usable profile or no usable tolerance. */
  | 'invalid_options';

const STATUSES: Readonly<Record<WebhookVerificationCode, number>> = {
  missing_header: 400,
  invalid_header: 400,
  timestamp_too_old: 401,
  timestamp_too_new: 401,
  signature_mismatch: 401,
  invalid_payload: 400,
  payload_too_large: 413,
  invalid_options: 500,
};

/** Thrown by `verifyWebhook`. Its message holds no secret and nothing of the payload. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';

  constructor(
    readonly code: WebhookVerificationCode,
    message: string,
  ) {
    super(message);
  }

  /** The HTTP status to answer with: 400, 401 or 413; 500 where the mistake is the receiver's own. */
  get status(): number {
    return STATUSES[this.code];
  }
}
