import { readSigningSecret } from '../secrets/signing-secret.js';
import type { SigningKind, SigningPolicy, SigningProfile } from '../webhook.events.js';
import type { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { checkSigningSecrets } from './field-rules.js';
import { checkSignatureHeader } from './header-rules.js';
import { isRecord, type Problems, quoted } from './problems.js';
import { kindsOf, type SigningProfileKind, USUAL_PROFILES } from './signing-policy.js';

const KINDS: readonly unknown[] = kindsOf({ keys: 'both' });
const KEYS: readonly SigningPolicy['keys'][] = ['symmetric', 'asymmetric', 'both'];
const PROFILE_KINDS = Object.keys(USUAL_PROFILES) as readonly SigningProfileKind[];
const FIELDS: readonly string[] = ['keys', 'profiles'];

/**
 * Checks how requests are to be signed. What is not said is not in the answer.
 *
 * @returns `undefined` when there is a problem
 */
export function checkSigning(
  value: unknown,
  problems: Problems,
): Partial<SigningPolicy> | undefined {
  if (!isRecord(value)) {
    problems.add('signing', 'this is not an object', 'Give { keys, profiles }, either or both.');
    return;
  }
  const before = problems.found.length;
  for (const name of Object.keys(value).filter((one) => !FIELDS.includes(one))) {
    problems.add('signing', `${quoted(name)} is no field of it`, 'Its fields: keys, profiles.');
  }
  const { keys, profiles } = value;
  const checked = {
    ...(keys !== undefined && { keys: checkKeys(keys, problems) }),
    ...(profiles !== undefined && { profiles: checkProfiles(profiles, problems) }),
  };
  return problems.found.length === before ? (checked as Partial<SigningPolicy>) : undefined;
}

function checkKeys(value: unknown, problems: Problems): SigningPolicy['keys'] | undefined {
  const keys = KEYS.find((one) => one === value);
  if (keys === undefined) {
    problems.add('signing.keys', 'there are no such keys', `Give one of: ${KEYS.join(', ')}.`);
  }
  return keys;
}

function checkProfiles(value: unknown, problems: Problems): readonly SigningProfile[] | undefined {
  const field = 'signing.profiles';
  if (!Array.isArray(value) || value.length === 0 || value.length > PROFILE_KINDS.length) {
    problems.add(
      field,
      `this is not a list of 1 to ${PROFILE_KINDS.length} profiles`,
      `Give some of: ${PROFILE_KINDS.join(', ')}.`,
    );
    return;
  }
  const profiles = value.map((one: unknown, index) =>
    checkProfile(one, `${field}.${index}`, problems),
  );
  const found = profiles.filter((profile) => profile !== undefined);
  if (found.length < profiles.length) return;
  if (new Set(found.map(({ kind }) => kind)).size < found.length) {
    problems.add(field, 'a profile is given twice', 'Give each profile once.');
    return;
  }
  const names = found.flatMap(({ headers }) => Object.values(headers));
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    problems.add(
      field,
      `two parts of the signature are sent in one header, ${quoted(name)}`,
      'Give each part a header of its own, in the `headers` of its profile.',
    );
  }
  return [...found].sort(
    (one, other) => PROFILE_KINDS.indexOf(one.kind) - PROFILE_KINDS.indexOf(other.kind),
  );
}

function checkProfile(
  value: unknown,
  field: string,
  problems: Problems,
): SigningProfile | undefined {
  const { kind: given, headers = {} } = isRecord(value) ? value : { kind: value };
  const kind = PROFILE_KINDS.find((one) => one === given);
  if (kind === undefined) {
    problems.add(field, 'there is no such profile', `Give one of: ${PROFILE_KINDS.join(', ')}.`);
    return;
  }
  const usual: Readonly<Record<string, string>> = USUAL_PROFILES[kind].headers;
  if (!isRecord(headers)) {
    problems.add(`${field}.headers`, 'this is not an object', 'Give an object of header names.');
    return;
  }
  const before = problems.found.length;
  for (const part of Object.keys(headers).filter((one) => !Object.hasOwn(usual, one))) {
    problems.add(
      `${field}.headers`,
      `${quoted(part)} is no part of this profile`,
      `Its parts: ${Object.keys(usual).join(', ')}.`,
    );
  }
  const names = Object.keys(usual).map((part) => [
    part,
    checkSignatureHeader(`${field}.headers.${part}`, headers[part] ?? usual[part], problems),
  ]);
  if (problems.found.length > before) return;
  return { kind, headers: Object.fromEntries(names) as never };
}

/** Mistakes that keys and profiles do not show alone. */
export function checkSigningPolicy({ keys, profiles }: SigningPolicy, problems: Problems): void {
  const isStandard = profiles.some(({ kind }) => kind === 'standard');
  if (keys !== 'symmetric' && !isStandard) {
    problems.add(
      'signing.profiles',
      'none of the profiles is made with a key pair',
      'Add the profile standard, or sign with symmetric keys.',
    );
  }
  if (keys === 'asymmetric' && profiles.some(({ kind }) => kind !== 'standard')) {
    problems.add(
      'signing.keys',
      'a profile needs a secret that sender and receiver share',
      "Give keys 'both', or the profile standard alone.",
    );
  }
}

/** Checks what is asked of a rotation, as far as it does not depend on the webhook. */
export function checkRotation(
  asked: {
    readonly overlapMs: number;
    readonly kind?: SigningKind;
    readonly signingSecret?: string;
  },
  problems: Problems,
): void {
  const { overlapMs, kind, signingSecret } = asked;
  const longest = DEFINITION_LIMITS.overlapMs;
  if (!Number.isInteger(overlapMs) || overlapMs < 0 || overlapMs > longest) {
    problems.add(
      'overlapMs',
      `this is not a whole number from 0 to ${longest}`,
      'Give the overlap in milliseconds.',
    );
  }
  if (kind !== undefined && !KINDS.includes(kind)) {
    problems.add('kind', 'there is no such kind of key', 'Give symmetric or asymmetric.');
  }
  if (signingSecret === undefined) return;
  checkSigningSecrets([signingSecret], problems);
  const given = readSigningSecret(signingSecret)?.kind;
  if (kind !== undefined && given !== undefined && kind !== given) {
    problems.add('kind', 'the secret is of the other kind', 'Give one of the two.');
  }
}

/** Mistakes that the named secrets make together with the policy. */
export function checkNamedSecrets(
  secrets: readonly ClearSecret[],
  policy: SigningPolicy,
  problems: Problems,
): void {
  secrets.forEach((secret, index) => {
    const field = `signingSecrets.${index}`;
    if (secret.reference === null) checkNamedSecret(field, secret.reveal(), policy, problems);
    else checkKind(field, 'symmetric', policy, problems);
  });
}

/** Whether a webhook with this policy can sign with `secret`. */
export function checkNamedSecret(
  field: string,
  secret: string,
  policy: SigningPolicy,
  problems: Problems,
): void {
  const read = readSigningSecret(secret);
  if (!read) return;
  checkKind(field, read.kind, policy, problems);
  if (read.isForeign && !policy.profiles.some(({ kind }) => kind !== 'standard')) {
    problems.add(
      field,
      'this is not whsec_ and the base64 text of 24 to 64 bytes',
      'Give a secret of that form (Standard Webhooks), or none and one is generated.',
    );
  }
}

function checkKind(
  field: string,
  kind: SigningKind,
  policy: SigningPolicy,
  problems: Problems,
): void {
  if (kindsOf(policy).includes(kind)) return;
  problems.add(
    field,
    `this is ${kind === 'symmetric' ? 'a shared secret' : 'a private key'}, and the webhook signs with ${policy.keys} keys`,
    "Change signing.keys; 'both' signs with secrets and key pairs.",
  );
}

/** The keys that the named secrets are made for; `symmetric` where there are none. */
export function keysFor(secrets: readonly ClearSecret[]): SigningPolicy['keys'] {
  const kinds = new Set<SigningKind | undefined>(
    secrets.map((secret) =>
      // What is kept elsewhere is a secret that is shared.
      secret.reference === null ? readSigningSecret(secret.reveal())?.kind : 'symmetric',
    ),
  );
  if (!kinds.has('asymmetric')) return 'symmetric';
  return kinds.has('symmetric') ? 'both' : 'asymmetric';
}
