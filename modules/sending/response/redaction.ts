import { BoundedCache } from '../bounded-cache.js';

export const MASK = '[masked]';

/** Shorter texts are no secrets, and would mask words at random. */
export const SHORTEST_SECRET = 6;

/** How many secrets are remembered with their forms, which would else be made anew for every answer. */
const MOST_REMEMBERED = 1_024;

const FORMS = new BoundedCache<string, readonly string[]>(MOST_REMEMBERED, formsOf);

/**
 * Masks every occurrence of a secret: an endpoint may answer with what it was sent, as it is or in another form: escaped
 * for JSON, HTML or a URL, in base64 or in hexadecimal digits.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    for (const form of FORMS.get(secret)) {
      if (form.length <= redacted.length && redacted.includes(form)) {
        redacted = redacted.replaceAll(form, MASK);
      }
    }
  }
  return redacted;
}

/** Masks the secrets in a text that was cut off, and what may be the beginning of one at its end. */
export function redactCut(text: string, secrets: readonly string[]): string {
  const redacted = redact(text, secrets);
  let begun = 0;
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    for (const form of FORMS.get(secret)) begun = Math.max(begun, begunAtEnd(redacted, form));
  }
  return begun === 0 ? redacted : redacted.slice(0, -begun) + MASK;
}

/** With how much of `form` the text ends. */
function begunAtEnd(text: string, form: string): number {
  for (let length = Math.min(form.length - 1, text.length); length >= SHORTEST_SECRET; length--) {
    if (text.endsWith(form.slice(0, length))) return length;
  }
  return 0;
}

/** The texts in which a secret is told, longest first: a shorter one may be a part of a longer one. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const json = escapedForJson(secret);
  const hex = bytes.toString('hex');
  const forms = [
    secret,
    json,
    // A document that quotes another one.
    escapedForJson(json),
    // As PHP writes it.
    json.replaceAll('/', '\\/'),
    escapedForHtml(secret),
    encodeURIComponent(bytes.toString()),
    new URLSearchParams({ '': bytes.toString() }).toString().slice(1),
    // Headers are sent as Latin-1, and bodies are read as UTF-8.
    Buffer.from(secret, 'latin1').toString(),
    hex,
    hex.toUpperCase(),
    ...withoutPrefix(secret),
    ...[0, 1, 2].flatMap((offset) => encodedAt(offset, bytes)),
  ];
  return [...new Set(forms)]
    .filter(({ length }) => length >= SHORTEST_SECRET)
    .sort((one, other) => other.length - one.length);
}

/** What receivers make of a signing secret first: its base64 text alone, and the bytes of the key. */
function withoutPrefix(secret: string): readonly string[] {
  const text = /^wh(?:sec|sk)_(?<base64>.+)$/u.exec(secret)?.groups?.['base64'];
  return text === undefined ? [] : [text, Buffer.from(text, 'base64').toString('hex')];
}

function escapedForJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escapedForHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * In base64 and base64url as a part of something longer, which begins `offset` bytes before it in a group of three: the
 * digits that the bytes alone decide.
 */
function encodedAt(offset: number, bytes: Buffer): readonly string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor((padded.length * 8) / 6);
  return (['base64', 'base64url'] as const).map((encoding) =>
    padded.toString(encoding).slice(first, end),
  );
}
