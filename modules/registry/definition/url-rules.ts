import { DEFINITION_LIMITS } from './definition-limits.js';
import { hasControlCharacter, type Problems } from './problems.js';

/** Which URLs a webhook may have, beyond what holds for all. */
export interface UrlPolicy {
  /** Whether `http:` is allowed: a development opt-in. */
  readonly isHttpAllowed: boolean;
}

/**
 * Checks the URL of an endpoint: absolute http(s), without userinfo, fragment, white space or control characters. The
 * WHATWG parser mends much in silence (tabs, `https:host`, backslashes), so the text is judged before it is parsed, and
 * what is stored is the parsed form: what is checked is what is dialled.
 *
 * @param field where it stands in the definition
 * @returns the normalised URL, or `undefined` when there is a problem
 */
export function checkUrl(
  value: unknown,
  policy: UrlPolicy,
  problems: Problems,
  field = 'url',
): string | undefined {
  if (typeof value !== 'string' || value === '') {
    problems.add(field, 'the URL is missing', 'Give the absolute URL of the endpoint.');
    return;
  }
  if (value.length > DEFINITION_LIMITS.urlLength) {
    problems.add(
      field,
      `the URL is longer than ${DEFINITION_LIMITS.urlLength} characters`,
      'Shorten the URL.',
    );
    return;
  }
  if (hasControlCharacter(value) || /[\s\\]/u.test(value)) {
    problems.add(
      field,
      'the URL holds white space, a control character or a backslash',
      'Percent-encode such characters.',
    );
    return;
  }
  if (!/^https?:\/\/[^/]/iu.test(value) || !URL.canParse(value)) {
    problems.add(field, 'this is not an absolute http(s) URL', 'Write it as https://host/path.');
    return;
  }
  const url = new URL(value);
  const before = problems.found.length;
  checkParts(value, url, { field, policy, problems });
  return problems.found.length === before ? url.href : undefined;
}

interface UrlChecking {
  readonly field: string;
  readonly policy: UrlPolicy;
  readonly problems: Problems;
}

function checkParts(text: string, url: URL, { field, policy, problems }: UrlChecking): void {
  if (url.protocol === 'http:' && !policy.isHttpAllowed) {
    problems.add(
      field,
      'the URL is not https',
      'Use https, or allow http for development in the configuration.',
    );
  }
  // an empty userinfo (`https://@host`) leaves no trace in the parsed URL
  const authority = /^[^/]*\/\/([^/?#]*)/u.exec(text)?.[1] ?? '';
  if (authority.includes('@')) {
    problems.add(
      field,
      'the URL holds a user name or password',
      'Drop it: withBasicAuth() sends a user name and a password.',
    );
  }
  if (text.includes('#')) {
    problems.add(field, 'the URL has a fragment, which is never sent', 'Drop what begins with #.');
  }
  if (url.port === '0') {
    problems.add(field, 'port 0 cannot be dialled', 'Give the port of the endpoint.');
  }
  if (url.href.length > DEFINITION_LIMITS.urlLength) {
    problems.add(
      field,
      `the normalised URL is longer than ${DEFINITION_LIMITS.urlLength} characters`,
      'Shorten the URL.',
    );
  }
}
