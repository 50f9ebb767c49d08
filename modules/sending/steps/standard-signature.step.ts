import { isPosthornError } from '../../kernel/index.js';
import { BoundedCache } from '../bounded-cache.js';
import type { Exchange, SendStep } from '../exchange.js';
import { headerText } from '../header-text.js';
import { SendFailure } from '../send-failure.js';
import { githubSignature, stripeSignature } from '../signing/hex-signature.js';
import {
  type GithubProfile,
  type SigningProfile,
  STANDARD_PROFILE,
  type StandardProfile,
  type StripeProfile,
} from '../signing/signing-profile.js';
import {
  parseSigningSecret,
  type SigningKey,
  type SymmetricKey,
} from '../signing/signing-secret.js';
import { standardSignature as signatureOf } from '../signing/standard-signature.js';

const MOST_KEYS = 4_096;
const DEFAULT_PROFILES: readonly SigningProfile[] = [STANDARD_PROFILE];

interface Signing {
  readonly exchange: Exchange;
  /** Newest first. */
  readonly keys: readonly SigningKey[];
  /** Seconds since the epoch, of this attempt. */
  readonly timestamp: number;
}

/**
 * Signs the request in the style of its profiles, by default that of Standard Webhooks 1.0.0: `webhook-id`,
 * `webhook-timestamp` (seconds, of this attempt) and `webhook-signature`, with one signature per secret in the order of
 * the secrets, newest first.
 *
 * A request without a secret, or with a malformed one, is never sent: an unsigned request would teach receivers not to
 * verify.
 */
export function standardSignature(): SendStep {
  const known = new BoundedCache<string, SigningKey>(MOST_KEYS, keyOf);
  return (next) => (exchange) => {
    const { signingProfiles = DEFAULT_PROFILES, signingSecrets, webhookId } = exchange.request;
    if (signingSecrets.length === 0) throw refusal('the webhook has no signing secret');
    if (webhookId.includes('.')) throw refusal('the webhook id holds a dot');
    const keys = signingSecrets.map((secret) => known.get(secret));
    const timestamp = Math.floor(exchange.startedAt / 1_000);
    for (const profile of signingProfiles) addHeaders(profile, { exchange, keys, timestamp });
    return next(exchange);
  };
}

function addHeaders(profile: SigningProfile, signing: Signing): void {
  switch (profile.kind) {
    case 'standard':
      addStandard(profile, signing);
      break;
    case 'github':
      addGithub(profile, signing);
      break;
    case 'stripe':
      addStripe(profile, signing);
      break;
  }
}

function addStandard({ headers }: StandardProfile, { exchange, keys, timestamp }: Signing): void {
  const { webhookId: id, body } = exchange.request;
  const signatures = keys.map((key) => signatureOf(key, { id, timestamp, body }));
  exchange.headers.push(headers.id, id, headers.timestamp, String(timestamp));
  exchange.headers.push(headers.signature, signatures.join(' '));
}

function addGithub({ headers }: GithubProfile, signing: Signing): void {
  const { exchange, timestamp } = signing;
  const { body, eventType = '', webhookId } = exchange.request;
  const signature = githubSignature(symmetric(signing), body);
  exchange.headers.push(headers.event, headerText(eventType), headers.id, webhookId);
  exchange.headers.push(headers.timestamp, String(timestamp), headers.signature, signature);
}

function addStripe({ headers }: StripeProfile, signing: Signing): void {
  const { exchange, timestamp } = signing;
  const { body, webhookId } = exchange.request;
  const signature = stripeSignature(symmetric(signing), timestamp, body);
  exchange.headers.push(headers.id, webhookId, headers.signature, signature);
}

function symmetric({ keys }: Signing): readonly SymmetricKey[] {
  const found = keys.filter((key) => key.kind === 'symmetric');
  if (found.length > 0) return found;
  throw refusal('the webhook has no secret that this style of signature can be made with');
}

function keyOf(secret: string): SigningKey {
  try {
    return parseSigningSecret(secret);
  } catch (error) {
    if (isPosthornError(error)) throw refusal(error.message);
    throw error;
  }
}

function refusal(reason: string): SendFailure {
  return new SendFailure('invalid_request', reason);
}
