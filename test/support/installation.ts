import { basename } from 'node:path';
import type { PosthornConfigOptions } from '../../src/config/load-config.js';

/** The server that the suites run against; `undefined`: they run on the embedded event store. */
export const EVENTSTORE_URL = textOf(process.env['EVENTSTORE_URL']);

/** For what is about the embedded event store, or a data folder with one in it: skipped against a server. */
export const onEmbeddedStore: jest.Describe =
  EVENTSTORE_URL === undefined ? describe : describe.skip;

/** What every instance of an installation on a server is given. */
export const SHARED_SECRETS = {
  encryptionKey: Buffer.alloc(32, 7).toString('base64'),
  apiToken: 'a-token-for-tests-only',
} as const;

/** The prefix of what is kept in `folder`: on a server that others use too, one of its own. */
export function prefixIn(folder: string): string {
  if (EVENTSTORE_URL === undefined) return 'posthorn.';
  return `${basename(folder).replace(/[^A-Za-z0-9_]/g, '_')}.`;
}

/** Settings of the installation in `folder`, which an application finds beside the connection string in its environment. */
export function installationIn(folder: string): PosthornConfigOptions {
  if (EVENTSTORE_URL === undefined) return {};
  return { ...SHARED_SECRETS, streamPrefix: prefixIn(folder) };
}

/** The same for a process of its own. */
export function environmentIn(folder: string): Record<string, string> {
  if (EVENTSTORE_URL === undefined) return {};
  return {
    EVENTSTORE_URL,
    POSTHORN_STREAM_PREFIX: prefixIn(folder),
    POSTHORN_ENCRYPTION_KEY: SHARED_SECRETS.encryptionKey,
    POSTHORN_API_TOKEN: SHARED_SECRETS.apiToken,
  };
}

/** An empty variable counts as unset, as for the application. */
function textOf(variable: string | undefined): string | undefined {
  const text = variable?.trim() ?? '';
  return text === '' ? undefined : text;
}
