import { AUTH_SECRET_FIELDS, mapAuth, secretsOfAuth } from './auth-mapping.js';
import { ClearSecret } from './clear-secret.js';
import { isRecord, type Problems } from './problems.js';
import { checkReference, isReference } from './secret-reference.js';
import type { AuthDraft, WebhookDraft } from './webhook-draft.js';

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
