import { WebhookVerificationError } from './webhook-verification.error.js';

/** Headers as HTTP servers give them: an object of texts or lists, or a Fetch `Headers`. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

/**
 * The one value of a header.
 *
 * @param name in lower case
 * @throws WebhookVerificationError `missing_header`; `invalid_header` when it was sent more than once
 */
export function headerOf(headers: WebhookHeaders, name: string): string {
  const value = optionalHeaderOf(headers, name);
  if (value === null) throw missing(name);
  return value;
}

/**
 * The one value of a header; `null` where it was not sent.
 *
 * @param name in lower case
 * @throws WebhookVerificationError `invalid_header` when it was sent more than once
 */
export function optionalHeaderOf(headers: WebhookHeaders, name: string): string | null {
  const [value = '', ...others] = valuesOf(headers, name);
  if (others.length > 0) {
    throw new WebhookVerificationError('invalid_header', `${name} was sent more than once`);
  }
  return value === '' ? null : value;
}

/**
 * Every value of a header, in a list or not, in one text.
 *
 * @param name in lower case
 * @param separator what stands between two values
 * @throws WebhookVerificationError `missing_header`
 */
export function joinedHeaderOf(headers: WebhookHeaders, name: string, separator: string): string {
  const value = valuesOf(headers, name).join(separator);
  if (value === '') throw missing(name);
  return value;
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
