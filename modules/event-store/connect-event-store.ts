import type { EventStoreDBClient } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { type Clock, PosthornError, SystemClock } from '../kernel/index.js';
import { connectionsThrough, connectionsTo } from './esdb/connections.js';
import { type ConnectionTarget, readConnectionString } from './esdb/connection-string.js';
import { RemoteEventStore } from './esdb/remote-event-store.js';
import type { EventStore } from './event-store-client.js';

export interface ConnectEventStoreOptions {
  /**
   * Where the server is: `esdb://user:password@host:2113?tlsCAFile=ca.pem`, or with `esdb+discover`, `kurrentdb`,
   * `kurrentdb+discover`. TLS unless it says `tls=false`. May be left out beside a `client`, which then carries the
   * subscriptions too.
   */
  readonly url?: string;
  /**
   * The application's own client: what is appended and read goes by it, and it is never disposed here. Default: a client of
   * a copy of the package that is Posthorn's alone.
   */
  readonly client?: EventStoreDBClient;
  /** Consumer group whose rights are checked. Default: `posthorn`. */
  readonly groupName?: string;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
}

const DEFAULT_DEADLINE_MS = 10_000;

/**
 * Connects to an EventStoreDB or KurrentDB, and makes sure that its user may do what Posthorn has to do.
 *
 * Resolves after the first try. A server that cannot be reached is tried again until it can; until then every call fails as
 * unavailable. Later, a connection that is lost is made again at the next call.
 * @throws PosthornError what trying again would not mend: `PSH_EVENT_STORE_URL_INVALID`, `PSH_EVENT_STORE_CLIENT_UNUSABLE`,
 * `PSH_EVENT_STORE_UNAUTHENTICATED`, `PSH_EVENT_STORE_ACCESS_DENIED`, `PSH_EVENT_STORE_TLS_REFUSED`,
 * `PSH_EVENT_STORE_TOO_OLD`
 */
export async function connectEventStore(options: ConnectEventStoreOptions): Promise<EventStore> {
  const { url, client, groupName = 'posthorn', clock = new SystemClock() } = options;
  const target = url === undefined ? undefined : targetOf(url);
  const hasUser = client !== undefined || (target !== undefined && sendsUser(target));
  const store = new RemoteEventStore({
    makeConnections: await connections(client, target),
    groupName,
    clock,
    defaultDeadlineMs: target?.defaultDeadline ?? DEFAULT_DEADLINE_MS,
    shown: target?.shown ?? "the address of the application's client",
    hasUser,
  });
  await store.connect();
  return store;
}

/** What is wrong with a connection string; nothing when it can be used. No part of it is repeated. */
export function connectionStringProblems(
  url: string,
): readonly { readonly message: string; readonly fix: string }[] {
  const result = readConnectionString(url);
  return 'problems' in result ? result.problems : [];
}

function targetOf(url: string): ConnectionTarget {
  const result = readConnectionString(url);
  if ('target' in result) return result.target;
  const problems = result.problems.map((problem) => ({ field: 'url', ...problem }));
  const summary = problems.map(({ message }) => message).join('; ');
  throw new PosthornError('PSH_EVENT_STORE_URL_INVALID', `the connection string ${summary}`, {
    problems,
  });
}

/** Credentials in plain text would be for everyone on the way to read: the client does not send them. */
function sendsUser({ credentials, isTls }: ConnectionTarget): boolean {
  if (credentials && !isTls) {
    const why = 'user and password are not sent to the event store, because tls=false';
    new Logger('EventStore').warn(why);
  }
  return credentials !== null && isTls;
}

async function connections(
  client: EventStoreDBClient | undefined,
  target: ConnectionTarget | undefined,
): ReturnType<typeof connectionsTo> {
  if (client) {
    checkClient(client);
    return connectionsThrough(client, target);
  }
  if (target) return connectionsTo(target);
  throw new PosthornError('PSH_EVENT_STORE_URL_INVALID', 'there is no connection string');
}

/** One that answers refused appends instead of throwing would have every conflict taken for a success. */
function checkClient(client: EventStoreDBClient): void {
  if (Reflect.get(client, 'throwOnAppendFailure') !== false) return;
  throw new PosthornError('PSH_EVENT_STORE_CLIENT_UNUSABLE', 'it has throwOnAppendFailure=false');
}
