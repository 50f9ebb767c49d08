import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { isRecord, type Problems } from './problems.js';

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
