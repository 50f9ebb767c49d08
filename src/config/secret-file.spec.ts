import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { generateEncryptionKey, readOrCreateSecret } from './secret-file.js';

describe('readOrCreateSecret', () => {
  let folder: string;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    folder = await mkdtemp(join(tmpdir(), 'posthorn-secret-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function secret(path = join(folder, 'encryption-key')) {
    return {
      path,
      name: 'encryption key',
      generate: generateEncryptionKey,
      isValid: (text: string) => text.length === 44,
    };
  }

  it('makes the secret once, for the owner alone, and gives the same one ever after', async () => {
    const nested = secret(join(folder, 'not', 'yet', 'there'));

    const first = await readOrCreateSecret(nested);
    const second = await readOrCreateSecret(nested);

    expect(second).toBe(first);
    expect((await stat(nested.path)).mode & 0o777).toBe(0o600);
    expect((await readFile(nested.path, 'utf8')).trim()).toBe(first);
  });

  it('gives all that start at once the same secret, and leaves no drafts', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => readOrCreateSecret(secret())));

    expect(new Set(all).size).toBe(1);
    expect(await readdir(folder)).toEqual(['encryption-key']);
  });

  it('never replaces a file that holds something else', async () => {
    await writeFile(secret().path, 'damaged');

    await expect(readOrCreateSecret(secret())).rejects.toMatchObject({
      code: 'PSH_CONFIG_SECRET_FILE_UNUSABLE',
    });
    expect(await readFile(secret().path, 'utf8')).toBe('damaged');
  });

  it('still works with a file that others can read', async () => {
    const made = await readOrCreateSecret(secret());
    await chmod(secret().path, 0o644);

    await expect(readOrCreateSecret(secret())).resolves.toBe(made);
  });
});
