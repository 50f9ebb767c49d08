import { DEFINITION_LIMITS } from '../definition/definition-limits.js';
import { kindOf } from '../definition/signing-policy.js';
import type { SigningKind, StoredSecret } from '../webhook.events.js';

/** When secrets are replaced, and for how long they go on to sign. */
export interface Overlap {
  /** ISO 8601. */
  readonly at: string;
  /** 0: nothing old goes on. */
  readonly overlapMs: number;
}

/** What a definition asks of the signing secrets of a webhook. */
export interface AskedSecrets {
  /** The secrets that it names, newest first. */
  readonly named: readonly StoredSecret[];
  /** One generated secret of each kind that it asks for and does not name. */
  readonly spare: readonly StoredSecret[];
  /** Fingerprints of those that the definition before named. */
  readonly namedBefore: readonly string[];
  readonly kinds: readonly SigningKind[];
}

/**
 * The signing secrets after `newest` took over: what signed so far with keys of the same kinds goes on for the overlap.
 * Secrets that live in code cannot, because the code that held them is being replaced.
 */
export function rotated(
  newest: readonly StoredSecret[],
  previous: readonly StoredSecret[],
  overlap: Overlap,
): readonly StoredSecret[] {
  const kinds = new Set(newest.map(kindOf));
  const taken = new Set(newest.map(({ fingerprint }) => fingerprint));
  const remaining = previous
    .filter(({ fingerprint }) => !taken.has(fingerprint))
    .flatMap((secret) => (kinds.has(kindOf(secret)) ? ending(secret, overlap) : secret))
    .filter((secret) => !isOver(secret, overlap.at));
  return inOrder([...newest, ...remaining]);
}

/**
 * The signing secrets after a definition that names others than the one before: of each kind either those that it names,
 * or, where the one before named some, a generated one.
 */
export function renamed(
  { named, spare, namedBefore }: AskedSecrets,
  previous: readonly StoredSecret[],
  overlap: Overlap,
): readonly StoredSecret[] {
  const wereNamed = new Set(
    previous.filter(({ fingerprint }) => namedBefore.includes(fingerprint)).map(kindOf),
  );
  const instead = spare.filter((secret) => wereNamed.has(kindOf(secret)));
  return rotated([...named, ...instead], previous, overlap);
}

/**
 * The signing secrets of a webhook that is to sign with keys of these kinds: one that has no key yet gets a spare one, and
 * what signed with another kind goes on for the overlap.
 */
export function withKinds(
  kinds: readonly SigningKind[],
  previous: readonly StoredSecret[],
  { spare, ...overlap }: Overlap & Pick<AskedSecrets, 'spare'>,
): readonly StoredSecret[] {
  const held = new Set(previous.filter(isCurrent).map(kindOf));
  const missing = spare.filter((secret) => {
    const kind = kindOf(secret);
    return kinds.includes(kind) && !held.has(kind);
  });
  const kept = previous.flatMap((secret) =>
    kinds.includes(kindOf(secret)) || !isCurrent(secret) ? secret : ending(secret, overlap),
  );
  return inOrder([...missing, ...kept]);
}

/** As many as a webhook may have: beyond them, those go that are to end, the oldest first. */
export function bounded(secrets: readonly StoredSecret[]): readonly StoredSecret[] {
  const current = secrets.filter(isCurrent);
  const places = Math.max(DEFINITION_LIMITS.signingSecrets - current.length, 0);
  return [...current, ...secrets.filter((secret) => !isCurrent(secret)).slice(0, places)];
}

/** Whether a signing secret signs until it is replaced. */
export function isCurrent(secret: StoredSecret): boolean {
  return secret.kind === 'code' || secret.expiresAt === undefined;
}

/** Whether a signing secret signs no more. */
export function isOver(secret: StoredSecret, at: string): boolean {
  if (secret.kind === 'code' || secret.expiresAt === undefined) return false;
  return Date.parse(secret.expiresAt) <= Date.parse(at);
}

/** The secret until the end of the overlap, or an earlier end that it has already; nothing where that is now. */
function ending(secret: StoredSecret, { at, overlapMs }: Overlap): readonly StoredSecret[] {
  if (secret.kind === 'code') return [];
  const end = new Date(Date.parse(at) + overlapMs).toISOString();
  const { expiresAt } = secret;
  const ended = {
    ...secret,
    expiresAt: expiresAt !== undefined && expiresAt < end ? expiresAt : end,
  };
  return isOver(ended, at) ? [] : [ended];
}

/** Newest first: those without an end before those that have one. */
function inOrder(secrets: readonly StoredSecret[]): readonly StoredSecret[] {
  return [...secrets.filter(isCurrent), ...secrets.filter((secret) => !isCurrent(secret))];
}
