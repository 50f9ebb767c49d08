import { readFile } from 'node:fs/promises';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { PosthornError } from '../../kernel/index.js';
import type { EventStoreClient } from '../event-store-client.js';
import type { ConnectionTarget } from './connection-string.js';
import {
  type Certificates,
  type ClientPackage,
  type GuardedClient,
  guardedClient,
  type ServerAbilities,
} from './guarded-client.js';

/** What leads to the server. */
export interface Connections {
  readonly appends: EventStoreClient;
  readonly subscriptions: EventStoreClient;
  /** What the server can do, where the client tells. */
  readonly abilities?: () => Promise<ServerAbilities>;
  /** Ends those that are Posthorn's. */
  end(): void;
}

/** Makes connections; what they do begins with the first call. */
export type MakeConnections = () => Connections;

/**
 * By the application's own client, which is never ended, and a second one of Posthorn's for subscriptions, if it is known
 * where to.
 */
export async function connectionsThrough(
  client: EventStoreDBClient,
  target: ConnectionTarget | undefined,
): Promise<MakeConnections> {
  if (!target) {
    return () => ({ appends: client, subscriptions: client, end: () => undefined });
  }
  const make = await clientMaker(target);
  return () => {
    const subscriptions = make(SUBSCRIPTIONS);
    const end = (): void => {
      subscriptions.end();
    };
    return { appends: client, subscriptions, end };
  };
}

/** By two clients of Posthorn's own copy of the official package, which an application's clients know nothing of. */
export async function connectionsTo(target: ConnectionTarget): Promise<MakeConnections> {
  const make = await clientMaker(target);
  return () => {
    const appends = make(APPENDS);
    const subscriptions = make(SUBSCRIPTIONS);
    return {
      appends,
      subscriptions,
      abilities: () => abilitiesOf(appends, target, make),
      end: () => {
        subscriptions.end();
        appends.end();
      },
    };
  };
}

type MakeClient = (ordinal: number, target?: ConnectionTarget) => GuardedClient;

const APPENDS = 1;
const SUBSCRIPTIONS = 2;
const PROBE = 3;

/** The package is loaded here, so that who runs on the embedded event store never loads it. */
async function clientMaker(target: ConnectionTarget): Promise<MakeClient> {
  const certificates = await readCertificates(target);
  const clientPackage: ClientPackage = await import('posthorn-db-client');
  return (ordinal, to = target) => guardedClient(clientPackage, to, certificates, ordinal);
}

async function readCertificates(target: ConnectionTarget): Promise<Certificates> {
  const [authority, certificate, key] = await Promise.all([
    readPem('tlsCAFile', target.tlsCAFile),
    readPem('userCertFile', target.userCertFile),
    readPem('userKeyFile', target.userKeyFile),
  ]);
  return {
    ...(authority && { authority }),
    ...(certificate && { certificate }),
    ...(key && { key }),
  };
}

async function readPem(name: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PosthornError('PSH_EVENT_STORE_URL_INVALID', `${name}: ${reason}`, { cause });
  }
}

/** A cluster in which nobody answers does not tell why; one of its members may. */
async function abilitiesOf(
  client: GuardedClient,
  target: ConnectionTarget,
  make: MakeClient,
): Promise<ServerAbilities> {
  try {
    return await client.abilities();
  } catch (error) {
    if (!target.isDiscovered) throw error;
    const probe = make(PROBE, { ...target, isDiscovered: false });
    try {
      await probe.abilities();
    } finally {
      probe.end();
    }
    throw error;
  }
}
