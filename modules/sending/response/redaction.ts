export const MASK = '[masked]';

/** Shorter texts are no secrets, and would mask words at random. */
const SHORTEST_SECRET = 6;

/** Masks every occurrence of a secret: an endpoint may answer with the headers that it was sent. */
export function redact(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of secrets) {
    if (secret.length >= SHORTEST_SECRET && redacted.includes(secret)) {
      redacted = redacted.replaceAll(secret, MASK);
    }
  }
  return redacted;
}
