import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { ResolvedProfile } from './signature-profile.js';
import {
  decodedSecrets,
  publicKeysOf,
  type TrustedKeys,
  writtenSecrets,
} from './verification-keys.js';
import {
  headerOf,
  joinedHeaderOf,
  optionalHeaderOf,
  type WebhookHeaders,
} from './webhook-headers.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

/** What the headers of a request say, before any of it is believed. */
export interface SignedRequest {
  /** The `webhook-id`; `null` where the sender gave none. */
  readonly id: string | null;
  /** Seconds since the epoch as they were sent; `null` where no time is signed. */
  readonly timestamp: string | null;
  /** Whether one of the signatures was made with one of the keys. */
  isSignedWith(keys: TrustedKeys, payload: Uint8Array | string): boolean;
}

const ED25519_SIGNATURE_BYTES = 64;
/** More than any sender has keys: checking a signature of ed25519 takes a while. */
const MOST_SIGNATURES = 64;

/**
 * Reads the headers of one style of signature.
 *
 * @throws WebhookVerificationError `missing_header`, `invalid_header`
 */
export function readSignedRequest(
  profile: ResolvedProfile,
  headers: WebhookHeaders,
): SignedRequest {
  switch (profile.kind) {
    case 'standard':
      return standardRequest(profile, headers);
    case 'github':
      return githubRequest(profile, headers);
    case 'stripe':
      return stripeRequest(profile, headers);
  }
}

/** `id.timestamp.body`, signed by any number of `v1` and `v1a`; other versions are those of the future. */
function standardRequest(
  { headers: names }: ResolvedProfile,
  headers: WebhookHeaders,
): SignedRequest {
  const id = headerOf(headers, names.id);
  const timestamp = secondsOf(headerOf(headers, names.timestamp), names.timestamp);
  const parts = partsOf(joinedHeaderOf(headers, names.signature, ' '), ' ');
  const prefix = `${id}.${timestamp}.`;
  return {
    id,
    timestamp,
    isSignedWith(keys, payload) {
      const hmac = { prefix, payload, encoding: 'base64' } as const;
      const isShared = matchesHmac(after('v1,', parts), decodedSecrets(keys), hmac);
      return matchesEd25519(after('v1a,', parts), keys, prefix, payload) || isShared;
    },
  };
}

/** The body alone, `sha256=<hex>`; several during a rotation, separated by commas. */
function githubRequest(
  { headers: names }: ResolvedProfile,
  headers: WebhookHeaders,
): SignedRequest {
  const id = optionalHeaderOf(headers, names.id);
  const parts = partsOf(joinedHeaderOf(headers, names.signature, ','), ',');
  return {
    id,
    timestamp: null,
    isSignedWith(keys, payload) {
      const hmac = { prefix: '', payload, encoding: 'hex' } as const;
      return matchesHmac(after('sha256=', parts), writtenSecrets(keys), hmac);
    },
  };
}

/** `timestamp.body`, all in one header: `t=<seconds>,v1=<hex>`, with one `v1` for each secret. */
function stripeRequest(
  { headers: names }: ResolvedProfile,
  headers: WebhookHeaders,
): SignedRequest {
  const id = optionalHeaderOf(headers, names.id);
  const parts = partsOf(headerOf(headers, names.signature), ',');
  const [time, ...others] = after('t=', parts);
  if (time === undefined || others.length > 0) {
    throw new WebhookVerificationError('invalid_header', `${names.signature} has not one t=`);
  }
  const timestamp = secondsOf(time, names.signature);
  return {
    id,
    timestamp,
    isSignedWith(keys, payload) {
      const hmac = { prefix: `${timestamp}.`, payload, encoding: 'hex' } as const;
      return matchesHmac(after('v1=', parts), writtenSecrets(keys), hmac);
    },
  };
}

function partsOf(header: string, separator: string): readonly string[] {
  const parts = header.split(separator, MOST_SIGNATURES + 1).map((part) => part.trim());
  if (parts.length <= MOST_SIGNATURES) return parts;
  throw new WebhookVerificationError('invalid_header', 'there are too many signatures');
}

function after(prefix: string, parts: readonly string[]): readonly string[] {
  return parts.filter((part) => part.startsWith(prefix)).map((part) => part.slice(prefix.length));
}

function secondsOf(text: string, header: string): string {
  if (/^\d{1,12}$/.test(text)) return text;
  throw new WebhookVerificationError('invalid_header', `${header} is not in seconds`);
}

/** Compares every signature with that of every key, in constant time. */
function matchesHmac(
  signatures: readonly string[],
  keys: readonly Uint8Array[],
  content: {
    readonly prefix: string;
    readonly payload: Uint8Array | string;
    readonly encoding: 'base64' | 'hex';
  },
): boolean {
  const { prefix, payload, encoding } = content;
  let isSigned = false;
  for (const key of keys) {
    const digest = createHmac('sha256', key).update(prefix).update(payload).digest(encoding);
    const expected = Buffer.from(digest);
    for (const signature of signatures) {
      const given = Buffer.from(signature);
      if (given.length === expected.length && timingSafeEqual(given, expected)) isSigned = true;
    }
  }
  return isSigned;
}

function matchesEd25519(
  signatures: readonly string[],
  keys: TrustedKeys,
  prefix: string,
  payload: Uint8Array | string,
): boolean {
  const trusted = publicKeysOf(keys);
  if (trusted.length === 0) return false;
  const message = Buffer.concat([Buffer.from(prefix), Buffer.from(payload as string)]);
  return signatures
    .map((text) => Buffer.from(text, 'base64'))
    .filter(
      // Base64 that was altered may still decode to the same bytes.
      (bytes, index) =>
        bytes.length === ED25519_SIGNATURE_BYTES && bytes.toString('base64') === signatures[index],
    )
    .some((signature) => trusted.some((key) => verify(null, message, key, signature)));
}
