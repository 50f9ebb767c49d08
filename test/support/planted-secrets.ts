import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As much of an encoded secret as is looked for at least: less of it stands in other texts by chance. */
const SHORTEST_NEEDLE = 10;

/** Secrets that a test has given away, and the search for them in whatever came of it, in every form that texts take. */
export class PlantedSecrets {
  readonly #needles = new Map<string, readonly Buffer[]>();

  /** Remembers a secret. @returns its text */
  plant(name: string, text: string): string {
    this.#needles.set(name, needlesOf(text));
    return text;
  }

  get count(): number {
    return this.#needles.size;
  }

  /** Which secrets `where` shows; those of `allowed` may. */
  foundIn(where: string, bytes: Buffer | string, allowed: readonly string[] = []): string[] {
    const haystack = Buffer.from(bytes);
    return [...this.#needles].flatMap(([name, needles]) =>
      !allowed.includes(name) && needles.some((needle) => haystack.includes(needle))
        ? [`${name} in ${where}`]
        : [],
    );
  }

  /** Which secrets the files of a folder show, those of its folders included. */
  async foundInFolder(folder: string, allowed: (file: string) => readonly string[]) {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name));
      found.push(...this.foundIn(entry.name, bytes, allowed(entry.name)));
    }
    return found;
  }
}

function needlesOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const json = JSON.stringify(text).slice(1, -1);
  const texts = [
    text,
    json,
    // JSON in JSON, as a recorded body of an answer.
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    ...encodings(bytes),
    ...keyBytesOf(text).flatMap(encodings),
  ];
  const whole = [...new Set(texts)].filter(({ length }) => length >= SHORTEST_NEEDLE);
  return [...whole.map((one) => Buffer.from(one)), ...keyBytesOf(text)];
}

/** The key itself, where a text is the base64 of one. */
function keyBytesOf(text: string): readonly Buffer[] {
  const base64 = text.replace(/^wh(?:sec|sk)_/u, '');
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length >= 24 && bytes.toString('base64') === base64 ? [bytes] : [];
}

function encodings(bytes: Buffer): readonly string[] {
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((offset) =>
    (['base64', 'base64url'] as const).map((encoding) => {
      const digits = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
      // Without the digits at both ends, in which the neighbours have a part.
      return digits.slice(offset === 0 ? 0 : offset + 1, -4);
    }),
  );
  return [hex, hex.toUpperCase(), ...base64];
}
