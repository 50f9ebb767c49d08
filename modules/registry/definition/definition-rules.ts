import { type FieldProblem, PosthornError } from '../../kernel/index.js';
import { checkAuth } from './auth-rules.js';
import { DEFINITION_DEFAULTS, DEFINITION_LIMITS } from './definition-limits.js';
import { checkEnvelope, checkEnvelopeAlone } from './envelope-rules.js';
import { checkEventTypes } from './event-type-rules.js';
import {
  checkCount,
  checkDescription,
  checkFlag,
  checkSigningSecrets,
  checkSource,
  checkStartFrom,
  checkTenantId,
  checkWebhookId,
} from './field-rules.js';
import { checkOptionalFunction, checkQuestion } from '../functions/function-rules.js';
import { checkHeaders } from './header-rules.js';
import { checkOrdering } from './ordering-rules.js';
import { isRecord, Problems, quoted } from './problems.js';
import { checkRateLimit } from './rate-rules.js';
import { checkRetry } from './retry-rules.js';
import { checkReferringAuth, checkResolvable } from './reference-rules.js';
import { checkUrl, type UrlPolicy } from './url-rules.js';
import { DEFAULT_SIGNING } from './signing-policy.js';
import { checkNamedSecrets, checkSigning, checkSigningPolicy, keysFor } from './signing-rules.js';
import { NO_TLS } from './tls-mapping.js';
import { checkTls, checkTlsUsed } from './tls-rules.js';
import type { EnvelopeKind, SigningPolicy, TlsOf } from '../webhook.events.js';
import type { PatchDraft, WebhookDraft } from './webhook-draft.js';

/** What a definition is judged by, beyond what holds for every one. */
export interface DefinitionRules {
  readonly urlPolicy: UrlPolicy;
  /** When given, the only event types that exist. */
  readonly knownEventTypes?: readonly string[];
  /** Header names that are taken, beside those that always are: the configured signature headers. */
  readonly reservedHeaders: readonly string[];
  readonly isReservedStream: (stream: string) => boolean;
  /** Whether secrets may be references: the application has a `secretResolver`. Default: no. */
  readonly canResolveSecrets?: boolean;
  /** Whether it is the definition of a class with `@Webhook`, which may hold functions. @default false */
  readonly isDeclared?: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

type Drafted = {
  readonly [Field in keyof WebhookDraft]: Field extends 'headers' | 'signing' | 'tls'
    ? NonNullable<PatchDraft[Field]>
    : WebhookDraft[Field];
};

type CheckedFields = Partial<Omit<WebhookDraft, 'signing' | 'tls'>> &
  Pick<PatchDraft, 'signing' | 'tls'>;

interface Checking {
  readonly rules: DefinitionRules;
  readonly problems: Problems;
  readonly isPatch: boolean;
}

type Check<Value> = (value: unknown, checking: Checking) => Value | undefined;

const CHECKS: { readonly [Field in keyof WebhookDraft]: Check<Drafted[Field]> } = {
  url: (value, { rules, problems }) => checkUrl(value, rules.urlPolicy, problems),
  eventTypes: (value, { rules, problems }) =>
    checkEventTypes(value, rules.knownEventTypes, problems),
  source: (value, { rules, problems }) => checkSource(value, rules.isReservedStream, problems),
  tenantId: (value, { problems }) => checkTenantId(value, problems),
  isGlobal: (value, { problems }) => checkFlag('isGlobal', value, problems),
  headers: (value, { rules, problems, isPatch }) =>
    checkHeaders(value, { reserved: rules.reservedHeaders, canRemove: isPatch }, problems),
  auth: (value, { rules, problems }) =>
    checkReferringAuth(value, (auth) => checkAuth(auth, rules, problems), problems),
  tls: (value, { rules, problems }) => checkTls(value, rules, problems),
  signing: (value, { problems }) => checkSigning(value, problems),
  signingSecrets: (value, { problems }) => checkSigningSecrets(value, problems),
  retry: (value, { problems }) => checkRetry(value, problems),
  timeoutMs: (value, { problems }) =>
    checkCount('timeoutMs', value, DEFINITION_LIMITS.timeoutMs, problems),
  concurrency: (value, { problems }) =>
    checkCount('concurrency', value, DEFINITION_LIMITS.concurrency, problems),
  rateLimit: (value, { problems }) => checkRateLimit(value, problems),
  ordering: (value, { problems }) => checkOrdering(value, problems),
  isReplayable: (value, { problems }) => checkFlag('isReplayable', value, problems),
  isActive: (value, { problems }) => checkFlag('isActive', value, problems),
  description: (value, { problems }) => checkDescription(value, problems),
  startFrom: (value, { rules, problems }) => checkStartFrom(value, rules.now(), problems),
  envelope: (value, { problems }) => checkEnvelope(value, problems),
  filter: (value, { rules, problems }) =>
    checkQuestion({ field: 'filter', isDeclared: rules.isDeclared === true }, value, problems),
  transform: (value, { rules, problems }) =>
    checkQuestion({ field: 'transform', isDeclared: rules.isDeclared === true }, value, problems),
  sender: (value, { rules, problems }) =>
    checkOptionalFunction(
      { field: 'sender', isDeclared: rules.isDeclared === true },
      value,
      problems,
    ),
};

/** Fields that are settled when a webhook is registered, or have a command of their own. */
const NOT_IN_PATCH: ReadonlySet<string> = new Set(['signingSecrets', 'startFrom']);

const DEFAULTS: Omit<WebhookDraft, 'url' | 'eventTypes'> = {
  source: { kind: 'all' },
  tenantId: null,
  isGlobal: false,
  headers: {},
  auth: { type: 'none' },
  tls: NO_TLS,
  signing: DEFAULT_SIGNING,
  signingSecrets: [],
  retry: { kind: 'standard' },
  timeoutMs: DEFINITION_DEFAULTS.timeoutMs,
  concurrency: DEFINITION_DEFAULTS.concurrency,
  rateLimit: null,
  ordering: null,
  isReplayable: true,
  isActive: true,
  description: null,
  startFrom: 'now',
  envelope: 'standard',
  filter: null,
  transform: null,
  sender: null,
};

/**
 * Checks a whole definition; what it does not say gets its default. Every mistake is reported, not just the first.
 *
 * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION` with all `problems`
 */
export function parseDefinition(
  webhookId: unknown,
  input: unknown,
  rules: DefinitionRules,
): WebhookDraft {
  const problems = new Problems();
  checkWebhookId(webhookId, problems);
  const fields = checkFields(input, ['url', 'eventTypes'], { rules, problems, isPatch: false });
  const { signingSecrets = [] } = fields;
  const signing = { ...DEFAULT_SIGNING, keys: keysFor(signingSecrets), ...fields.signing };
  const draft = {
    ...DEFAULTS,
    ...fields,
    signing,
    tls: { ...NO_TLS, ...fields.tls },
  } as WebhookDraft;
  checkNamedSecrets(signingSecrets, signing, problems);
  checkResolvable(fields, rules.canResolveSecrets ?? false, problems);
  const together = crossFieldProblems({
    ...draft,
    authType: draft.auth.type,
    headerNames: Object.keys(draft.headers),
  });
  refuseIfAny(webhookId, [...problems.found, ...together]);
  return draft;
}

/**
 * Checks a change. What depends on fields that the change does not name is checked when it is decided.
 *
 * @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION` with all `problems`
 */
export function parsePatch(webhookId: string, patch: unknown, rules: DefinitionRules): PatchDraft {
  const problems = new Problems();
  const fields = checkFields(patch, [], { rules, problems, isPatch: true });
  checkResolvable(fields, rules.canResolveSecrets ?? false, problems);
  refuseIfAny(webhookId, problems.found);
  return fields;
}

/** Mistakes that no field shows alone. */
export function crossFieldProblems(definition: {
  readonly tenantId: string | null;
  readonly isGlobal: boolean;
  readonly authType: string;
  readonly headerNames: readonly string[];
  /** `undefined`: it is a mistake itself. */
  readonly url: string | undefined;
  readonly tls?: TlsOf<unknown>;
  readonly signing: SigningPolicy;
  readonly envelope?: EnvelopeKind;
  readonly transform?: object | null;
  readonly sender?: object | null;
}): readonly FieldProblem[] {
  const problems = new Problems();
  if (definition.isGlobal && definition.tenantId !== null) {
    problems.add(
      'isGlobal',
      'the webhook is for one tenant and for all of them',
      'Name a tenant, or say that it is for all, not both.',
    );
  }
  const authorization = definition.headerNames.find(
    (name) => name.toLowerCase() === 'authorization',
  );
  if (definition.authType !== 'none' && authorization !== undefined) {
    problems.add(
      `headers.${authorization}`,
      'the authorisation of the webhook sends this header',
      'Drop the header, or define the webhook without auth.',
    );
  }
  checkEnvelopeAlone(definition, problems);
  checkTlsUsed(definition, problems);
  checkSigningPolicy(definition.signing, problems);
  const { profiles } = definition.signing;
  const ofSignature = new Set(profiles.flatMap(({ headers }) => Object.values(headers)));
  for (const name of definition.headerNames.filter((one) => ofSignature.has(one.toLowerCase()))) {
    problems.add(
      `headers.${name}`,
      'the signature of the webhook is sent in this header',
      'Drop the header, or give the part of the signature another name in `signing`.',
    );
  }
  return problems.found;
}

/** @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION` if there are `problems` */
export function refuseIfAny(webhookId: unknown, problems: readonly FieldProblem[]): void {
  if (problems.length === 0) return;
  const which = typeof webhookId === 'string' ? ` of webhook ${quoted(webhookId)}` : '';
  const list = problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new PosthornError('PSH_REGISTRY_INVALID_DEFINITION', `the definition${which}: ${list}`, {
    problems,
  });
}

function checkFields(
  input: unknown,
  required: readonly (keyof WebhookDraft)[],
  checking: Checking,
): CheckedFields {
  const { problems, isPatch } = checking;
  if (!isRecord(input)) {
    problems.add('', 'the definition is not an object', 'Give an object with its fields.');
    return {};
  }
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(CHECKS, name) && !(isPatch && NOT_IN_PATCH.has(name))) continue;
    problems.add(
      quoted(name).slice(1, -1),
      isPatch ? 'this field cannot be changed' : 'there is no such field',
      `The fields are: ${fieldNames(isPatch).join(', ')}.`,
    );
  }
  const fields = fieldNames(isPatch).flatMap((name) => {
    if (input[name] === undefined && !required.includes(name)) return [];
    const value = CHECKS[name](input[name], checking);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(fields);
}

function fieldNames(isPatch: boolean): readonly (keyof WebhookDraft)[] {
  const names = Object.keys(CHECKS) as (keyof WebhookDraft)[];
  return isPatch ? names.filter((name) => !NOT_IN_PATCH.has(name)) : names;
}
