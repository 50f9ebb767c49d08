import { AUTH_SECRET_FIELDS, mapAuth, secretsOfAuth } from './auth-mapping.js';
import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { isRecord, type Problems } from './problems.js';
import type { AuthDraft, WebhookDraft } from './webhook-draft.js';

/** Stands for a secret that is kept elsewhere, and looked up by the application's `secretResolver` when it is needed. */
export interface SecretReference {
  /** What the resolver finds it by, such as `vault:payments/fulfilment#token`: 1 to 512 visible ASCII characters. */
  readonly ref: string;
}

/** A secret in clear, or a reference to it. */
export type SecretInput = string | SecretReference;

/**
 * A reference to a secret, wherever a definition takes one. The reference itself is no secret: it is recorded as it is.
 *
 * @example
 * webhook.withBearerToken(secretRef('vault:payments/fulfilment#token'))
 */
export function secretRef(ref: string): SecretReference {
  return { ref };
}

export function isReference(value: unknown): value is { readonly ref: unknown } {
  return isRecord(value) && Object.hasOwn(value, 'ref');
}

/** Checks a reference. @returns `undefined` when there is a problem */
export function checkReference(
  field: string,
  value: { readonly ref: unknown },
  problems: Problems,
): ClearSecret | undefined {
  const { ref } = value;
  const longest = DEFINITION_LIMITS.secretReferenceLength;
  const isText = typeof ref === 'string' && ref.length <= longest && /^[\x21-\x7e]+$/u.test(ref);
  if (isText && Object.keys(value).length === 1) return ClearSecret.referredTo(ref);
  problems.add(
    field,
    `the reference is not { ref } with 1 to ${longest} visible ASCII characters`,
    "Give a reference that the application's secretResolver knows, such as { ref: 'vault:path#key' }.",
  );
  return undefined;
}

/** Passes every check of a secret's text in an authorisation, and is never used as one. */
const PLACEHOLDER = 'reference';

/**
 * Checks an authorisation in which the secret may be a reference, whatever its kind.
 *
 * @param check checks it with a text in place of the reference
 */
export function checkReferringAuth(
  value: unknown,
  check: (auth: unknown) => AuthDraft | undefined,
  problems: Problems,
): AuthDraft | undefined {
  const type = isRecord(value) ? value['type'] : undefined;
  const fields: Readonly<Record<string, string>> = AUTH_SECRET_FIELDS;
  const field = typeof type === 'string' && Object.hasOwn(fields, type) ? fields[type] : undefined;
  const name = field?.slice('auth.'.length) ?? '';
  const given = isRecord(value) ? value[name] : undefined;
  if (!isRecord(value) || field === undefined || !isReference(given)) return check(value);
  const reference = checkReference(field, given, problems);
  const draft = check({ ...value, [name]: PLACEHOLDER });
  if (!reference || !draft) return undefined;
  return mapAuth(draft, (secret, at) => (at === field ? reference : secret));
}

/** Refuses references where nothing could look them up. */
export function checkResolvable(
  draft: Partial<Pick<WebhookDraft, 'auth' | 'signingSecrets'>> & {
    readonly headers?: Readonly<Record<string, ClearSecret | string | null>>;
  },
  canResolve: boolean,
  problems: Problems,
): void {
  if (canResolve) return;
  const { auth = { type: 'none' }, headers = {}, signingSecrets = [] } = draft;
  const given: readonly (readonly [string, unknown])[] = [
    ...secretsOfAuth(auth),
    ...Object.entries(headers).map(([name, value]) => [`headers.${name}`, value] as const),
    ...signingSecrets.map((value, index) => [`signingSecrets.${index}`, value] as const),
  ];
  for (const [field, secret] of given) {
    if (!(secret instanceof ClearSecret) || secret.reference === null) continue;
    problems.add(
      field,
      'this refers to a secret that is kept elsewhere, and nothing here could look it up',
      'Give PosthornModule.forRoot a `secretResolver`, or give the secret itself.',
    );
  }
}
