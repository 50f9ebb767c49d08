import { canonicalJson, digestOf } from '../../kernel/index.js';
import type { SecretVault } from '../secrets/secret-vault.js';
import type {
  EnvelopeKind,
  FieldChange,
  OrderingPolicy,
  RateLimit,
  SigningKind,
  SigningPolicy,
  StoredAuth,
  StoredFunction,
  StoredQuestion,
  StoredSecret,
  StoredTls,
  WebhookDefinitionRecord,
  WebhookOwner,
} from '../webhook.events.js';
import { withPublicKey } from '../secrets/signing-secret.js';
import { mapAuth } from './auth-mapping.js';
import type { ClearSecret } from './clear-secret.js';
import { SECRET_FIELDS } from './definition-secrets.js';
import { recordedOrdering } from './ordering-rules.js';
import { recordedParts } from './envelope-rules.js';
import { kindOf, kindsOf, recordedSigning } from './signing-policy.js';
import { storedPart } from '../functions/declared-function.js';
import { mapTls, NO_TLS, recordedTls } from './tls-mapping.js';
import type { AuthDraft, PatchDraft, TlsDraft, WebhookDraft } from './webhook-draft.js';

/** Turns a clear secret into what may be stored of it. */
export type StoreSecret = (clear: ClearSecret, field: string) => StoredSecret;

/** Secrets of a webhook owned by the API are encrypted, those of one declared in code stay there. */
export function secretStore(
  vault: SecretVault,
  webhookId: string,
  owner: WebhookOwner,
): StoreSecret {
  return (clear, field) => {
    const place = { webhookId, field };
    if (clear.reference !== null) return vault.referredTo(clear.reference, place);
    return owner === 'code'
      ? vault.inCode(clear.reveal(), place)
      : vault.encrypt(clear.reveal(), place);
  };
}

/**
 * The definition as it is recorded.
 *
 * @param generate makes a signing secret of a kind that the webhook signs with and the definition names none of
 */
export function recordOf(
  draft: WebhookDraft,
  store: StoreSecret,
  generate: (kind: SigningKind) => StoredSecret,
): WebhookDefinitionRecord {
  const { url, eventTypes, source, tenantId, isGlobal, retry, timeoutMs, concurrency } = draft;
  const { isReplayable, isActive, description, rateLimit } = draft;
  const named = draft.signingSecrets.map((secret) =>
    withPublicKey(store(secret, SECRET_FIELDS.signingSecret), secret.reveal()),
  );
  const namedKinds = new Set(named.map(kindOf));
  const unnamed = kindsOf(draft.signing).filter((kind) => !namedKinds.has(kind));
  return {
    ...{ url, eventTypes, source, tenantId, isGlobal, retry, timeoutMs, concurrency },
    ...{ isReplayable, isActive, description },
    ...(rateLimit && { rateLimit }),
    headers: storedHeaders(draft.headers, store),
    auth: storedAuth(draft.auth, store),
    ...recordedTls(mapTls(draft.tls, store)),
    signingSecrets: [...named, ...unnamed.map(generate)],
    ...recordedSigning(draft.signing),
    ...recordedParts({
      envelope: draft.envelope,
      filter: storedPart(draft.filter),
      transform: storedPart(draft.transform),
      sender: storedPart(draft.sender),
    }),
    ...recordedOrdering(draft.ordering),
    namedSigningSecrets: named.map(({ fingerprint }) => fingerprint),
  };
}

/** A change as it is decided: plain fields, headers to merge by name. */
export type RecordPatch = Partial<
  Omit<
    WebhookDefinitionRecord,
    | 'headers'
    | 'ordering'
    | 'rateLimit'
    | 'signing'
    | 'tls'
    | 'signingSecrets'
    | 'namedSigningSecrets'
    | 'envelope'
    | 'filter'
    | 'transform'
    | 'sender'
  >
> & {
  /** `null`: in any order from now on. */
  readonly ordering?: OrderingPolicy | null;
  /** `null` lifts the limit. */
  readonly rateLimit?: RateLimit | null;
  readonly headers?: Readonly<Record<string, StoredSecret | string | null>>;
  readonly signing?: Partial<SigningPolicy>;
  readonly tls?: Partial<StoredTls>;
  readonly envelope?: EnvelopeKind;
  /** `null`: none any more. */
  readonly filter?: StoredQuestion | null;
  /** `null`: none any more. */
  readonly transform?: StoredQuestion | null;
  /** `null`: none any more. */
  readonly sender?: StoredFunction | null;
};

export function recordPatchOf(draft: PatchDraft, store: StoreSecret): RecordPatch {
  const { auth, headers, filter, sender, tls, transform, ...plain } = draft;
  return {
    ...plain,
    ...(headers && { headers: storedHeaders(headers, store) }),
    ...(auth && { auth: storedAuth(auth, store) }),
    ...(filter !== undefined && { filter: storedPart(filter) }),
    ...(tls && { tls: storedTlsPatch(tls, store) }),
    ...(transform !== undefined && { transform: storedPart(transform) }),
    ...(sender !== undefined && { sender: storedPart(sender) }),
  };
}

/**
 * Digest of a definition over plain values: blind to the order of event types and headers, to the case of header names,
 * to how a secret is encrypted and to rotations; secrets count by fingerprint.
 */
export function definitionDigest(record: WebhookDefinitionRecord): string {
  return digestOf({ ...plainView(record), signingSecrets: record.namedSigningSecrets ?? [] });
}

/** What differs, field by field, secrets as fingerprints; headers each on its own. */
export function diffDefinitions(
  before: WebhookDefinitionRecord,
  after: WebhookDefinitionRecord,
): readonly FieldChange[] {
  const from = flattened(before);
  const to = flattened(after);
  const fields = [...new Set([...from.keys(), ...to.keys()])].sort();
  return fields.flatMap((field) => {
    const [one = null, other = null] = [from.get(field), to.get(field)];
    const isEqual = canonicalJson(one) === canonicalJson(other);
    return isEqual ? [] : [{ field, before: one, after: other }];
  });
}

function storedHeaders<Value extends ClearSecret | string | null>(
  headers: Readonly<Record<string, Value>>,
  store: StoreSecret,
): Record<string, StoredSecret | Exclude<Value, ClearSecret>> {
  const stored = Object.entries(headers).map(([name, value]) => [
    name,
    value === null || typeof value === 'string' ? value : store(value, SECRET_FIELDS.header(name)),
  ]);
  return Object.fromEntries(stored) as Record<string, StoredSecret | Exclude<Value, ClearSecret>>;
}

function storedTlsPatch(tls: Partial<TlsDraft>, store: StoreSecret): Partial<StoredTls> {
  const stored = mapTls({ ...NO_TLS, ...tls }, store);
  return Object.fromEntries(Object.entries(stored).filter(([part]) => Object.hasOwn(tls, part)));
}

function storedAuth(draft: AuthDraft, store: StoreSecret): StoredAuth {
  const auth = mapAuth(draft, store);
  return auth.type === 'resolver' ? { ...auth, resolve: storedPart(auth.resolve) } : auth;
}

/** The values of a definition with fingerprints in place of secrets. */
function plainView(record: WebhookDefinitionRecord): Record<string, unknown> {
  const headers = Object.entries(record.headers).map(([name, value]) => [
    name.toLowerCase(),
    shown(value),
  ]);
  const { url, source, tenantId, isGlobal, retry, timeoutMs, concurrency } = record;
  const { isReplayable, isActive, description, auth, tls } = record;
  const { envelope, filter, ordering, rateLimit, sender, signing, transform } = record;
  return {
    ...{ url, source, tenantId, isGlobal, retry, timeoutMs, concurrency },
    ...{ isReplayable, isActive, description },
    // Absent where it is the default: the digest of a definition that says nothing about it never changes.
    ...(signing && { signing }),
    ...(envelope && { envelope }),
    ...(filter && { filter }),
    ...(transform && { transform }),
    ...(sender && { sender }),
    ...(ordering && { ordering }),
    ...(rateLimit && { rateLimit }),
    eventTypes: [...new Set(record.eventTypes)].sort(),
    headers: Object.fromEntries(headers) as Record<string, unknown>,
    auth: mapAuth(auth, shown),
    ...(tls && { tls: mapTls(tls, shown) }),
  };
}

function flattened(record: WebhookDefinitionRecord): ReadonlyMap<string, unknown> {
  const { headers, ...others } = plainView(record);
  const signingSecrets = record.signingSecrets.map(shown);
  const namedSigningSecrets = record.namedSigningSecrets ?? [];
  return new Map([
    ...Object.entries({ ...others, signingSecrets, namedSigningSecrets }),
    ...Object.entries(headers as object).map(
      ([name, value]: [string, unknown]) => [`headers.${name}`, value] as const,
    ),
  ]);
}

function shown(value: StoredSecret | string): string | { readonly fingerprint: string } {
  return typeof value === 'string' ? value : { fingerprint: value.fingerprint };
}
