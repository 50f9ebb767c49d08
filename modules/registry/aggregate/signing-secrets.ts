import { DEFINITION_LIMITS } from '../definition/definition-limits.js';
import type { StoredSecret } from '../webhook.events.js';

/**
 * The signing secrets after `newest` took over: what signed so far goes on for the overlap. Secrets that live in code
 * cannot, because the code that held them is being replaced.
 *
 * @param at now, ISO 8601
 * @param overlapMs 0: nothing old goes on
 */
export function rotated(
  newest: readonly StoredSecret[],
  previous: readonly StoredSecret[],
  at: string,
  overlapMs: number,
): readonly StoredSecret[] {
  const now = Date.parse(at);
  const end = new Date(now + overlapMs).toISOString();
  const taken = new Set(newest.map(({ fingerprint }) => fingerprint));
  const retained = previous.flatMap((secret) => {
    if (secret.kind === 'code' || taken.has(secret.fingerprint)) return [];
    const expiresAt =
      secret.expiresAt !== undefined && secret.expiresAt < end ? secret.expiresAt : end;
    return Date.parse(expiresAt) > now ? [{ ...secret, expiresAt }] : [];
  });
  return [...newest, ...retained].slice(0, DEFINITION_LIMITS.signingSecrets);
}
