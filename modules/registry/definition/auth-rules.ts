import { checkFunction } from '../functions/function-rules.js';
import type { TokenResolver } from '../functions/webhook-functions.js';
import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { hasControlCharacter, isRecord, type Problems } from './problems.js';
import { checkOAuth2, OAUTH2_FIELDS } from './oauth2-rules.js';
import type { UrlPolicy } from './url-rules.js';
import type { AuthDraft } from './webhook-draft.js';

type Fields = Readonly<Record<string, unknown>>;
/** What an authorisation is judged by. */
export interface AuthPolicy {
  readonly urlPolicy: UrlPolicy;
  /** Whether it is that of a class with `@Webhook`, which may hold functions. */
  readonly isDeclared?: boolean;
}

type AuthCheck = (fields: Fields, problems: Problems, policy: AuthPolicy) => AuthDraft | undefined;

interface AuthKind {
  /** Its fields, as they are quoted to whoever got them wrong. */
  readonly form: string;
  readonly fields: readonly string[];
  readonly check: AuthCheck;
}

const KINDS: Readonly<Record<AuthDraft['type'], AuthKind>> = {
  none: { form: "{ type: 'none' }", fields: [], check: () => ({ type: 'none' }) },
  bearer: { form: "{ type: 'bearer', token }", fields: ['token'], check: checkBearer },
  basic: {
    form: "{ type: 'basic', username, password }",
    fields: ['username', 'password'],
    check: checkBasic,
  },
  oauth2: {
    form: "{ type: 'oauth2', tokenUrl, clientId, clientSecret }",
    fields: OAUTH2_FIELDS,
    check: (fields, problems, { urlPolicy }) => checkOAuth2(fields, urlPolicy, problems),
  },
  resolver: {
    form: "{ type: 'resolver', resolve }",
    fields: ['resolve'],
    check: checkResolver,
  },
};

/** Checks how requests are authorised. */
export function checkAuth(
  value: unknown,
  policy: AuthPolicy,
  problems: Problems,
): AuthDraft | undefined {
  const type = isRecord(value) ? value['type'] : undefined;
  if (!isRecord(value) || typeof type !== 'string' || !Object.hasOwn(KINDS, type)) {
    const forms = Object.values(KINDS).map(({ form }) => form);
    problems.add(
      'auth',
      'this is no known kind of authorisation',
      `Give ${forms.slice(0, -1).join(', ')} or ${forms.at(-1) ?? ''}.`,
    );
    return;
  }
  const { check, fields, form } = KINDS[type as AuthDraft['type']];
  for (const name of Object.keys(value)) {
    if (name === 'type' || fields.includes(name) || value[name] === undefined) continue;
    problems.add(
      `auth.${JSON.stringify(name.slice(0, 64)).slice(1, -1)}`,
      `an authorisation of type ${type} has no such field`,
      `Give ${form}.`,
    );
  }
  return check(value, problems, policy);
}

function checkBearer(fields: Fields, problems: Problems): AuthDraft | undefined {
  const token = fields['token'];
  const longest = DEFINITION_LIMITS.bearerTokenLength;
  if (typeof token === 'string' && token.length <= longest && /^[\x21-\x7e]+$/u.test(token)) {
    return { type: 'bearer', token: new ClearSecret(token) };
  }
  problems.add(
    'auth.token',
    `the token is not 1 to ${longest} visible ASCII characters`,
    'Give the token alone, without the word Bearer and without white space.',
  );
  return undefined;
}

function checkResolver(
  fields: Fields,
  problems: Problems,
  { isDeclared = false }: AuthPolicy,
): AuthDraft | undefined {
  const alternative = 'give a token, or a client of OAuth 2';
  const place = { field: 'auth.resolve', isDeclared, alternative };
  const resolve = checkFunction<TokenResolver>(place, fields['resolve'], problems);
  return resolve && { type: 'resolver', resolve };
}

/** RFC 7617, section 2: control characters in neither, and a colon would end the user name. */
function checkBasic(fields: Fields, problems: Problems): AuthDraft | undefined {
  const { username, password } = fields;
  const longest = DEFINITION_LIMITS.basicAuthLength;
  const isUsername = isBasicText(username, longest);
  if (!isUsername) {
    problems.add(
      'auth.username',
      `the user name is not text of at most ${longest} characters, without colons and control characters`,
      'Give the user name as the endpoint knows it; none may hold a colon (RFC 7617).',
    );
  } else if (username.includes(':')) {
    problems.add(
      'auth.username',
      'the user name holds a colon, which would end it',
      'Give a user name without a colon (RFC 7617).',
    );
  }
  const isPassword = isBasicText(password, longest);
  if (!isPassword) {
    problems.add(
      'auth.password',
      `the password is not text of at most ${longest} characters, without control characters`,
      'Give the password as text; it may be empty.',
    );
  }
  if (!isUsername || username.includes(':') || !isPassword) return undefined;
  return { type: 'basic', username, password: new ClearSecret(password) };
}

function isBasicText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest && !hasControlCharacter(value);
}
