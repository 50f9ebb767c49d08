import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { hasControlCharacter, type Problems } from './problems.js';
import { checkUrl, type UrlPolicy } from './url-rules.js';
import type { AuthDraft } from './webhook-draft.js';

type OAuth2Draft = Extract<AuthDraft, { readonly type: 'oauth2' }>;

/** VSCHAR of RFC 6749, appendix A: of client ids and client secrets. */
const VISIBLE = /^[\x20-\x7e]+$/u;
/** RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/u;

export const OAUTH2_FIELDS = [
  ...['tokenUrl', 'issuer', 'clientId', 'clientSecret'],
  ...['scope', 'audience', 'resource', 'clientAuthentication'],
] as const;

/** Checks a client of OAuth 2: RFC 6749, RFC 8414 for the issuer, RFC 8707 for the resource. */
export function checkOAuth2(
  fields: Readonly<Record<string, unknown>>,
  urlPolicy: UrlPolicy,
  problems: Problems,
): OAuth2Draft | undefined {
  const before = problems.found.length;
  const { clientAuthentication, clientId, clientSecret } = fields;
  const where = checkServer(fields, urlPolicy, problems);
  checkText('clientId', clientId, VISIBLE, DEFINITION_LIMITS.clientIdLength, problems);
  checkText('clientSecret', clientSecret, VISIBLE, DEFINITION_LIMITS.clientSecretLength, problems);
  const asked = checkAsked(fields, problems);
  if (clientAuthentication !== undefined && !isMethod(clientAuthentication)) {
    problems.add(
      'auth.clientAuthentication',
      'this is no way to name the client that is known here',
      "Give 'basic' (client_secret_basic) or 'post' (client_secret_post), or nothing.",
    );
  }
  if (problems.found.length > before) return undefined;
  return {
    ...{ type: 'oauth2', clientId: clientId as string, ...where, ...asked },
    ...(isMethod(clientAuthentication) && { clientAuthentication }),
    clientSecret: new ClearSecret(clientSecret as string),
  };
}

function checkServer(
  { tokenUrl, issuer }: Readonly<Record<string, unknown>>,
  urlPolicy: UrlPolicy,
  problems: Problems,
): Pick<OAuth2Draft, 'tokenUrl' | 'issuer'> {
  if ((tokenUrl === undefined) === (issuer === undefined)) {
    problems.add(
      'auth.tokenUrl',
      tokenUrl === undefined
        ? 'neither the token endpoint nor an issuer is named'
        : 'the token endpoint and an issuer are named',
      'Give the URL of the token endpoint as `tokenUrl`, or an `issuer` whose metadata name it.',
    );
    return {};
  }
  const field = tokenUrl === undefined ? 'issuer' : 'tokenUrl';
  const url = checkUrl(tokenUrl ?? issuer, urlPolicy, problems, `auth.${field}`);
  if (url === undefined) return {};
  if (field === 'tokenUrl') return { tokenUrl: url };
  if (url.includes('?')) {
    problems.add('auth.issuer', 'an issuer has no query', 'Drop what begins with ?.');
  }
  // As it was given: metadata repeat an issuer to the letter, and the parser adds a slash to a bare host.
  return { issuer: issuer as string };
}

const LONGEST = DEFINITION_LIMITS.oauth2ParameterLength;

/** What a token may be asked for, and whether a value is one. */
const ASKED: Readonly<Record<'scope' | 'audience' | 'resource', (value: string) => boolean>> = {
  scope: (value) => SCOPE.test(value),
  audience: (value) => !hasControlCharacter(value),
  resource: (value) => !hasControlCharacter(value) && URL.canParse(value) && !value.includes('#'),
};

const ASKED_FORM = {
  scope: 'words separated by one space, without quotes and backslashes',
  audience: 'text without control characters',
  resource: 'an absolute URI without a fragment (RFC 8707)',
} as const;

function checkAsked(
  fields: Readonly<Record<string, unknown>>,
  problems: Problems,
): Pick<OAuth2Draft, 'audience' | 'resource' | 'scope'> {
  const asked = (Object.keys(ASKED) as (keyof typeof ASKED)[]).flatMap((name) => {
    const value = fields[name];
    if (value === undefined) return [];
    const isText = typeof value === 'string' && value !== '' && value.length <= LONGEST;
    if (isText && ASKED[name](value)) return [[name, value] as const];
    problems.add(
      `auth.${name}`,
      `this is not ${ASKED_FORM[name]}, of 1 to ${LONGEST} characters`,
      'Give it as the authorization server knows it, or nothing.',
    );
    return [];
  });
  return Object.fromEntries(asked);
}

function checkText(
  name: string,
  value: unknown,
  form: RegExp,
  longest: number,
  problems: Problems,
): void {
  if (typeof value === 'string' && value.length <= longest && form.test(value)) return;
  problems.add(
    `auth.${name}`,
    `this is not 1 to ${longest} characters that RFC 6749 allows here`,
    'Give it as the authorization server knows it.',
  );
}

function isMethod(value: unknown): value is 'basic' | 'post' {
  return value === 'basic' || value === 'post';
}
