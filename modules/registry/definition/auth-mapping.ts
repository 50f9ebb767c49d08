import type { AuthOf } from '../webhook.events.js';

/** Fields of the secrets of an authorisation, as they are bound to their encryption. */
export const AUTH_SECRET_FIELDS = {
  bearer: 'auth.token',
  basic: 'auth.password',
  oauth2: 'auth.clientSecret',
} as const;

/** The kinds of authorisation that this release can send with. */
const KNOWN: ReadonlySet<string> = new Set([
  'none',
  'resolver',
  ...Object.keys(AUTH_SECRET_FIELDS),
]);

/** Whether this release can send with `auth`: a later one may have recorded a kind that is unknown here. */
export function isKnownAuth(auth: AuthOf<unknown, unknown>): boolean {
  return KNOWN.has(auth.type);
}

/**
 * The same authorisation with each of its secrets replaced. The one place that knows which parts of it are secrets; a
 * kind that is unknown here is left as it is.
 */
export function mapAuth<From, To, Call>(
  auth: AuthOf<From, Call>,
  replace: (secret: From, field: string) => To,
): AuthOf<To, Call> {
  switch (auth.type) {
    case 'bearer':
      return { ...auth, token: replace(auth.token, AUTH_SECRET_FIELDS.bearer) };
    case 'basic':
      return { ...auth, password: replace(auth.password, AUTH_SECRET_FIELDS.basic) };
    case 'oauth2':
      return { ...auth, clientSecret: replace(auth.clientSecret, AUTH_SECRET_FIELDS.oauth2) };
    case 'none':
    case 'resolver':
    default:
      return auth;
  }
}

/** The secrets of an authorisation, by field. */
export function secretsOfAuth<Secret>(auth: AuthOf<Secret, unknown>): ReadonlyMap<string, Secret> {
  const found = new Map<string, Secret>();
  mapAuth(auth, (secret, field) => {
    found.set(field, secret);
  });
  return found;
}
