import { WebhookVerificationError } from './webhook-verification.error.js';

/** Headers as HTTP servers give them: an object of texts or lists, or a Fetch `Headers`. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

export interface SignedHeaders {
  readonly id: string;
  /** Seconds since the epoch, as they were sent: the signature covers this text. */
  readonly timestamp: string;
  /** The `v1` signatures, in base64. */
  readonly signatures: readonly string[];
}

const VERSION = 'v1,';

/**
 * Reads what Standard Webhooks sends beside the payload.
 *
 * @throws WebhookVerificationError `missing_header`, `invalid_header`
 */
export function readWebhookHeaders(headers: WebhookHeaders): SignedHeaders {
  const id = single(headers, 'webhook-id');
  const timestamp = single(headers, 'webhook-timestamp');
  const signature = valuesOf(headers, 'webhook-signature').join(' ');
  if (signature === '') throw missing('webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookVerificationError('invalid_header', 'webhook-timestamp is not in seconds');
  }
  const signatures = signature
    .split(' ')
    .filter((text) => text.startsWith(VERSION))
    .map((text) => text.slice(VERSION.length));
  return { id, timestamp, signatures };
}

function single(headers: WebhookHeaders, name: string): string {
  const [value, ...others] = valuesOf(headers, name);
  if (value === undefined || value === '') throw missing(name);
  if (others.length === 0) return value;
  throw new WebhookVerificationError('invalid_header', `${name} was sent more than once`);
}

function valuesOf(headers: WebhookHeaders, name: string): readonly string[] {
  if (isFetchHeaders(headers)) {
    const value = headers.get(name);
    return value === null ? [] : [value];
  }
  return Object.keys(headers)
    .filter((key) => key.toLowerCase() === name)
    .flatMap((key) => headers[key] ?? []);
}

function isFetchHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function';
}

function missing(name: string): WebhookVerificationError {
  return new WebhookVerificationError('missing_header', `the header ${name} is missing`);
}
