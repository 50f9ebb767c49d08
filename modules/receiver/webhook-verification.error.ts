/** Why a request was not accepted as a webhook. Codes are stable: programs compare them. */
export type WebhookVerificationCode =
  /** `webhook-id`, `webhook-timestamp` or `webhook-signature` is missing. */
  | 'missing_header'
  /** One of them is malformed or was sent more than once. */
  | 'invalid_header'
  /** The timestamp is further in the past than the tolerance: a replayed request, or a wrong clock. */
  | 'timestamp_too_old'
  /** The timestamp is further in the future than the tolerance. */
  | 'timestamp_too_new'
  /** No `v1` signature was made with any of the secrets for these bytes. */
  | 'signature_mismatch'
  /** The signature is right, and the body is not JSON. */
  | 'invalid_payload'
  /** The caller gave no raw body, no usable secret or no usable tolerance. */
  | 'invalid_options';

/** Thrown by `verifyWebhook`. Its message holds no secret and nothing of the payload. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';

  constructor(
    readonly code: WebhookVerificationCode,
    message: string,
  ) {
    super(message);
  }
}
