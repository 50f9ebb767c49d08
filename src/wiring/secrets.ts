import { join } from 'node:path';
import type { PosthornConfig } from '../config/posthorn-config.js';
import {
  generateApiToken,
  generateEncryptionKey,
  readOrCreateSecret,
} from '../config/secret-file.js';

/** The configured API token, else the one in the data folder, which is made on first start. */
export async function apiTokenOf({ apiToken, dataDir }: PosthornConfig): Promise<string> {
  return (
    apiToken ??
    readOrCreateSecret({
      path: join(dataDir, 'api-token'),
      name: 'API token',
      generate: generateApiToken,
      isValid: (text) => /^[\x21-\x7e]{16,512}$/.test(text),
    })
  );
}

/** The configured encryption key, else the one in the data folder, which is made on first start. */
export async function encryptionKeyOf({ encryptionKey, dataDir }: PosthornConfig): Promise<string> {
  return (
    encryptionKey ??
    readOrCreateSecret({
      path: join(dataDir, 'encryption-key'),
      name: 'encryption key',
      generate: generateEncryptionKey,
      isValid: (text) => Buffer.from(text, 'base64').length === 32,
    })
  );
}
