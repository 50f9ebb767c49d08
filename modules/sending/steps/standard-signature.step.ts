import type { KeyObject } from 'node:crypto';
import { isPosthornError } from '../../kernel/index.js';
import { BoundedCache } from '../bounded-cache.js';
import type { SendStep } from '../exchange.js';
import { SendFailure } from '../send-failure.js';
import { parseSigningSecret } from '../signing/signing-secret.js';
import { signV1 } from '../signing/standard-signature.js';

const MOST_KEYS = 4_096;

/**
 * Adds the headers of Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` (seconds, of this attempt) and
 * `webhook-signature` with one `v1` signature per secret in the order of the secrets, newest first.
 *
 * A request without a secret, or with a malformed one, is never sent: an unsigned request would teach receivers not to
 * verify.
 */
export function standardSignature(): SendStep {
  const keys = new BoundedCache<string, KeyObject>(MOST_KEYS, keyOf);
  return (next) => (exchange) => {
    const { webhookId, body, signingSecrets } = exchange.request;
    if (signingSecrets.length === 0) {
      throw new SendFailure('invalid_request', 'the webhook has no signing secret');
    }
    const timestamp = Math.floor(exchange.startedAt / 1_000);
    let signatures = '';
    for (const secret of signingSecrets) {
      const signature = signV1(keys.get(secret), webhookId, timestamp, body);
      signatures = signatures === '' ? signature : `${signatures} ${signature}`;
    }
    exchange.headers.push(
      'webhook-id',
      webhookId,
      'webhook-timestamp',
      String(timestamp),
      'webhook-signature',
      signatures,
    );
    return next(exchange);
  };
}

function keyOf(secret: string): KeyObject {
  try {
    return parseSigningSecret(secret);
  } catch (error) {
    if (isPosthornError(error)) throw new SendFailure('invalid_request', error.message);
    throw error;
  }
}
