import { isHeaderName, isHeaderValue, isReservedHeader } from '../../kernel/index.js';
import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { isRecord, type Problems, quoted } from './problems.js';
import { checkReference, isReference, type SecretReference } from './secret-reference.js';

/** The value of a static header: in clear, or a secret. */
export type HeaderDraft = string | ClearSecret;

/** A header as it is given: a plain text is taken for a secret, because nobody said that it is none. */
export type HeaderInput =
  string | { readonly value: string; readonly isSecret: boolean } | SecretReference;

const STANDARD_PREFIX = 'webhook-';

/** Headers that something else than the signature may need, and the mark of a replay. */
const NOT_FOR_SIGNATURES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'user-agent',
  'webhook-replay',
]);

/** Whether a static header of this name would break, or pretend to be, what Posthorn itself sends. */
function isReservedForStatic(name: string, configured: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return (
    isReservedHeader(lower) ||
    lower.startsWith(STANDARD_PREFIX) ||
    configured.some((one) => one.toLowerCase() === lower)
  );
}

/**
 * Checks the name of a header that holds a part of the signature.
 *
 * @returns the name in lower case, or `undefined` when there is a problem
 */
export function checkSignatureHeader(
  field: string,
  value: unknown,
  problems: Problems,
): string | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : '';
  if (!isHeaderName(name) || name.length > DEFINITION_LIMITS.headerNameLength) {
    problems.add(
      field,
      'this is not a header name',
      `Give 1 to ${DEFINITION_LIMITS.headerNameLength} letters, digits and !#$%&'*+-.^_\`|~ (RFC 9110).`,
    );
    return;
  }
  if (!isReservedHeader(name) && !NOT_FOR_SIGNATURES.has(name)) return name;
  problems.add(
    field,
    `the header ${quoted(name)} belongs to the connection, the message or the authorisation`,
    'Choose another name, such as one that begins with X-.',
  );
}

/** Whether headers of this name carry credentials, so that a value is kept secret even if nobody said so. */
export function isCredentialHeader(name: string): boolean {
  return /auth|cookie|credential|key|passw|secret|session|signature|token/iu.test(name);
}

/**
 * Checks static headers: names are tokens (RFC 9110, section 5.6.2), values visible Latin-1 text, none is reserved.
 *
 * @param canRemove whether `null` may stand for a header that is to go
 */
export function checkHeaders(
  value: unknown,
  options: { readonly reserved: readonly string[]; readonly canRemove: boolean },
  problems: Problems,
): Readonly<Record<string, HeaderDraft | null>> | undefined {
  if (!isRecord(value)) {
    problems.add('headers', 'this is not an object', 'Give an object of names and values.');
    return;
  }
  const before = problems.found.length;
  const entries = Object.entries(value);
  checkAmount(entries, problems);
  const headers: [string, HeaderDraft | null][] = [];
  for (const [name, given] of entries.slice(0, DEFINITION_LIMITS.headers)) {
    checkHeaderName(name, options.reserved, problems);
    const isRemoval = given === null && options.canRemove;
    headers.push([name, isRemoval ? null : (checkHeaderValue(name, given, problems) ?? '')]);
  }
  return problems.found.length === before ? Object.fromEntries(headers) : undefined;
}

function checkAmount(entries: readonly [string, unknown][], problems: Problems): void {
  if (entries.length > DEFINITION_LIMITS.headers) {
    problems.add(
      'headers',
      `there are ${entries.length} headers; at most ${DEFINITION_LIMITS.headers} are allowed`,
      'Drop some.',
    );
  }
  const names = entries.map(([name]) => name.toLowerCase());
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of new Set(repeated)) {
    problems.add(
      `headers.${name}`,
      'the header is given twice, in different spelling',
      'Give it once.',
    );
  }
  const length = entries.reduce((sum, [name, value]) => sum + name.length + lengthOf(value), 0);
  if (length > DEFINITION_LIMITS.headersLength) {
    problems.add(
      'headers',
      `the headers are longer than ${DEFINITION_LIMITS.headersLength} characters together`,
      'Shorten or drop some.',
    );
  }
}

function checkHeaderName(name: string, reserved: readonly string[], problems: Problems): void {
  if (!isHeaderName(name)) {
    problems.add(
      'headers',
      `${quoted(name)} is not a header name`,
      "Use letters, digits and !#$%&'*+-.^_`|~ only (RFC 9110).",
    );
  } else if (name.length > DEFINITION_LIMITS.headerNameLength) {
    problems.add(
      'headers',
      `the header name ${quoted(name)} is longer than ${DEFINITION_LIMITS.headerNameLength} characters`,
      'Shorten the name.',
    );
  } else if (isReservedForStatic(name, reserved)) {
    problems.add(
      `headers.${name}`,
      'this header belongs to the connection, the message or the signature',
      'Choose another name, such as one that begins with X-.',
    );
  }
}

function checkHeaderValue(
  name: string,
  given: unknown,
  problems: Problems,
): HeaderDraft | undefined {
  const field = `headers.${name}`;
  if (isReference(given)) return checkReference(field, given, problems);
  const { value, isSecret } = isRecord(given) ? given : { value: given, isSecret: true };
  if (typeof value !== 'string') {
    problems.add(field, 'the value is not text', 'Give the value as a string.');
    return;
  }
  if (value.length > DEFINITION_LIMITS.headerValueLength) {
    problems.add(
      field,
      `the value is longer than ${DEFINITION_LIMITS.headerValueLength} characters`,
      'Shorten the value.',
    );
    return;
  }
  if (!isHeaderValue(value)) {
    problems.add(
      field,
      'the value holds a line break, a control character or one outside Latin-1',
      'Encode the value, for example in base64.',
    );
    return;
  }
  if (value !== value.trim()) {
    problems.add(field, 'the value has white space at its ends', 'Trim the value.');
    return;
  }
  return isSecret === false && !isCredentialHeader(name) ? value : new ClearSecret(value);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return isRecord(value) && typeof value['value'] === 'string' ? value['value'].length : 0;
}
