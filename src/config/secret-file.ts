import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Logger } from '@nestjs/common';
import { PosthornError } from '../../modules/kernel/index.js';

/** A secret that Posthorn makes for itself when none is configured, and keeps in a file. */
export interface GeneratedSecret {
  readonly path: string;
  /** What it is, completing "generated the ...". */
  readonly name: string;
  readonly generate: () => string;
  readonly isValid: (text: string) => boolean;
}

/** A new token for the REST face: 256 random bits. */
export function generateApiToken(): string {
  return `pht_${randomBytes(32).toString('base64url')}`;
}

/** A new encryption key: the base64 text of 32 random bytes. */
export function generateEncryptionKey(): string {
  return randomBytes(32).toString('base64');
}

/**
 * Reads the secret, or makes it when there is no file yet. The file has mode 0600 and appears whole or not at all, also
 * when two processes start at once or the machine stops in between; a file that is there is never replaced.
 *
 * @throws PosthornError `PSH_CONFIG_SECRET_FILE_UNUSABLE` when the file cannot be read or holds something else
 */
export async function readOrCreateSecret(secret: GeneratedSecret): Promise<string> {
  const existing = await readSecret(secret);
  if (existing !== undefined) return existing;
  await mkdir(dirname(secret.path), { recursive: true, mode: 0o700 });
  const draft = `${secret.path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${secret.generate()}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, secret.path);
    new Logger('Config').log(`generated the ${secret.name}: ${secret.path}`);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(dirname(secret.path));
  const made = await readSecret(secret);
  if (made === undefined) throw unusable(secret, 'it vanished while it was made');
  return made;
}

async function readSecret(secret: GeneratedSecret): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(secret.path, 'utf8')).trim();
    if (((await stat(secret.path)).mode & 0o077) !== 0) {
      new Logger('Config').warn(`others can read the ${secret.name}: chmod 600 ${secret.path}`);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unusable(secret, 'it cannot be read', error);
  }
  if (!secret.isValid(text)) throw unusable(secret, 'it holds something else');
  return text;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unusable(secret: GeneratedSecret, why: string, cause?: unknown): PosthornError {
  return new PosthornError(
    'PSH_CONFIG_SECRET_FILE_UNUSABLE',
    `the ${secret.name} in ${secret.path}: ${why}`,
    { cause },
  );
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
