import { SystemClock } from '../kernel/index.js';
import { type EmbeddedLogOptions, openEmbeddedLog } from './embedded/open-embedded-log.js';
import type { OpenLog } from './embedded/open-log.js';
import { PersistentSubscriptions } from './persistent-subscriptions/persistent-subscriptions.js';
import { startWireServer, type WireServerOptions } from './wire/wire-server.js';

export interface ServedEventStoreOptions
  extends EmbeddedLogOptions, Pick<WireServerOptions, 'host' | 'port' | 'tls' | 'users'> {}

/** An event store that other processes use. */
export interface ServedEventStore {
  readonly port: number;
  /** Resolves with the reason when it can no longer be used: the process should exit. */
  readonly failed: Promise<Error>;
  /** Answers what was taken, ends every call, and frees the folder. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/**
 * Opens the embedded event store in `dataDir`, and creates it if there is none, and serves it over gRPC with the protocol of
 * EventStoreDB.
 * @throws PosthornError `PSH_EVENT_STORE_FOLDER_IN_USE`, `PSH_EVENT_STORE_FOLDER_NOT_WRITABLE`,
 * `PSH_EVENT_STORE_NEWER_FORMAT`, `PSH_EVENT_STORE_CORRUPT`, `PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE`
 */
export async function serveEventStore(options: ServedEventStoreOptions): Promise<ServedEventStore> {
  const clock = options.clock ?? new SystemClock();
  const opened = await openEmbeddedLog({ ...options, clock });
  const subscriptions = new PersistentSubscriptions({ log: opened.log, clock });
  try {
    await subscriptions.start();
    const server = await startWireServer({
      ...options,
      clock,
      log: opened.log,
      persistentSubscriptions: subscriptions,
      room: () => opened.room(),
    });
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await server.close();
      await closeStore(opened, subscriptions);
    };
    return { port: server.port, failed: opened.failed, close: () => (closing ??= close()) };
  } catch (error) {
    await closeStore(opened, subscriptions);
    throw error;
  }
}

async function closeStore(opened: OpenLog, subscriptions: PersistentSubscriptions): Promise<void> {
  await subscriptions.close();
  await opened.close();
}
