import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '../../modules/event-store/embedded/open-embedded-log.js';
import type { OpenLog } from '../../modules/event-store/embedded/open-log.js';
import { PersistentSubscriptions } from '../../modules/event-store/persistent-subscriptions/persistent-subscriptions.js';
import {
  startWireServer,
  type WireServer,
  type WireServerOptions,
} from '../../modules/event-store/wire/wire-server.js';
import { SystemClock } from '../../modules/kernel/index.js';

const HOST = '127.0.0.1';

/** An event store in a folder of its own, served on a free port. */
export class WireStore {
  readonly log: OpenLog;
  readonly persistentSubscriptions: PersistentSubscriptions;
  readonly server: WireServer;
  readonly #dataDir: string;

  private constructor(
    dataDir: string,
    log: OpenLog,
    persistentSubscriptions: PersistentSubscriptions,
    server: WireServer,
  ) {
    this.#dataDir = dataDir;
    this.log = log;
    this.persistentSubscriptions = persistentSubscriptions;
    this.server = server;
  }

  /** @param dataDir an existing folder; default: a new one */
  static async open(
    options: Partial<WireServerOptions> = {},
    dataDir = mkdtempSync(join(tmpdir(), 'wire-')),
  ): Promise<WireStore> {
    const clock = new SystemClock();
    const log = await openEmbeddedLog({ dataDir, clock });
    const persistentSubscriptions = new PersistentSubscriptions({ log: log.log, clock });
    await persistentSubscriptions.start();
    const server = await startWireServer({
      log: log.log,
      persistentSubscriptions,
      clock,
      host: HOST,
      port: 0,
      room: () => log.room(),
      ...options,
    });
    return new WireStore(dataDir, log, persistentSubscriptions, server);
  }

  get address(): string {
    return `${HOST}:${this.server.port}`;
  }

  /** For clients that are to take what the server sends in plain text. */
  get connectionString(): string {
    return `esdb://${this.address}?tls=false`;
  }

  /** Stops everything and leaves the folder, which is returned. */
  async stop(): Promise<string> {
    await this.server.close();
    await this.persistentSubscriptions.close();
    await this.log.close();
    return this.#dataDir;
  }

  async close(): Promise<void> {
    rmSync(await this.stop(), { recursive: true });
  }
}
