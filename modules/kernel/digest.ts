import { createHash } from 'node:crypto';

/**
 * JSON with the keys of every object in code-point order, so that equal values have equal text. Values that JSON has no
 * word for (`undefined`, functions) are left out of objects, as `JSON.stringify` does.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const source = inner as Record<string, unknown>;
    return Object.fromEntries(
      Object.keys(source)
        .sort()
        .map((key) => [key, source[key]]),
    );
  });
}

/** SHA-256 of the canonical JSON of `value`, in lower-case hex: equal values have equal digests, whatever the key order. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
