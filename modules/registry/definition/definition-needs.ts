import type { WebhookDefinitionRecord } from '../webhook.events.js';
import { isKnownAuth } from './auth-mapping.js';
import { isKnownOrdering } from './ordering-rules.js';
import { envelopeKindOf, isKnownEnvelope } from './envelope-rules.js';
import { isKnownFunction, isKnownQuestion } from '../functions/declared-function.js';
import { isKnownSigning, signingOf } from './signing-policy.js';

/** Whether a definition has parts that stay in the code which declared it: secrets or functions, wherever in it. */
export function hasCode({ headers, ...others }: WebhookDefinitionRecord): boolean {
  // Names of headers are free: only their values say whether they are secrets.
  return [...Object.values(headers), ...Object.values(others)].some(isCodeWithin);
}

function isCodeWithin(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const isCode = 'kind' in value && (value.kind === 'code' || value.kind === 'function');
  return isCode || Object.values(value).some(isCodeWithin);
}

/** The fields that this version of Posthorn knows: a later one may say more. */
const KNOWN_FIELDS: Readonly<Record<keyof WebhookDefinitionRecord, true>> = {
  url: true,
  eventTypes: true,
  source: true,
  tenantId: true,
  isGlobal: true,
  headers: true,
  auth: true,
  tls: true,
  signingSecrets: true,
  signing: true,
  namedSigningSecrets: true,
  retry: true,
  timeoutMs: true,
  ordering: true,
  concurrency: true,
  isReplayable: true,
  isActive: true,
  description: true,
  envelope: true,
  filter: true,
  transform: true,
  sender: true,
  rateLimit: true,
};

/**
 * Whether this version of Posthorn understands all that a definition says. An instance of an older version must not send
 * by half of it, such as without its authorisation: what it does not know, it leaves to newer ones.
 */
export function isKnownDefinition(record: WebhookDefinitionRecord): boolean {
  return (
    Object.keys(record).every((field) => Object.hasOwn(KNOWN_FIELDS, field)) &&
    isKnownAuth(record.auth) &&
    isKnownOrdering(record.ordering) &&
    isKnownEnvelope(envelopeKindOf(record)) &&
    isKnownQuestion(record.filter) &&
    isKnownQuestion(record.transform) &&
    isKnownFunction(record.sender) &&
    isKnownSigning(signingOf(record))
  );
}
