import { hostname } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';
import type * as clientPackage from 'posthorn-db-client';
import { PosthornError } from '../../kernel/index.js';
import type { ConnectionTarget } from './connection-string.js';

/** The copy of the official client that is Posthorn's alone. */
export type ClientPackage = typeof clientPackage;

/** Certificates of a connection, PEM. */
export interface Certificates {
  readonly authority?: Buffer;
  readonly certificate?: Buffer;
  readonly key?: Buffer;
}

type ProtocolStream = Readable | Writable | Duplex;

/** The calls without which Posthorn cannot work; all servers since 23.10 have them. */
const NEEDED_CALLS = [
  ['streams.streams/batchappend'],
  ['persistent_subscriptions.persistentsubscriptions/create', 'all'],
  ['persistent_subscriptions.persistentsubscriptions/read', 'all'],
  ['persistent_subscriptions.persistentsubscriptions/getinfo', 'all'],
] as const;

/** What a server is, and whether it can do what is needed. */
export interface ServerAbilities {
  readonly version: string;
  readonly isSufficient: boolean;
}

/** A client that ends for good, and tells what its server can do. */
export interface GuardedClient extends clientPackage.EventStoreDBClient {
  abilities(): Promise<ServerAbilities>;
  /** Ends every call and the connection. It resolves at once; nothing can be called afterwards. */
  end(): void;
}

/**
 * A client of the unmodified official package in which its parts cannot do harm to one another. Each of these ended the
 * process, or left a call without an answer for ever:
 *
 * - Its table of pending appends belongs to the package. When a connection fails, every pending append is rejected, those
 *   of other connections too, and the answer that still comes to one of them throws in an event handler. Two clients are
 *   enough for that; so is an old connection of the same client, to a node that is no longer the leader.
 * - While it waits for a socket to drain, a failing connection rejects writes in a promise that nobody holds, and never
 *   settles the one that waits.
 * - Looking for a leader in vain rejects in a promise that nobody holds.
 * - What a server can do is asked once, and a failure to learn it is kept for good.
 *
 * @param ordinal tells the connections of a process apart: gRPC lets those with the same options share a socket
 */
export function guardedClient(
  { EventStoreDBClient }: ClientPackage,
  target: ConnectionTarget,
  certificates: Certificates,
  ordinal: number,
): GuardedClient {
  class Guarded extends EventStoreDBClient implements GuardedClient {
    #channel: { close(): void } | undefined;

    guarded(): this {
      const { GRPCStreamCreator: create, handleError, getChannel } = this;
      this.GRPCStreamCreator = (service, name, creator, cache) =>
        create(service, name, async (client) => harmless(await creator(client)), cache);
      this.handleError = (client, error) => handleError(client, error).catch(() => undefined);
      this.getChannel = async () => {
        const channel = await getChannel();
        this.#channel = channel;
        return channel;
      };
      this.supports = () => Promise.resolve(true);
      return this;
    }

    async abilities(): Promise<ServerAbilities> {
      const features = await this.capabilities;
      const { serverVersion: version } = features;
      const isSufficient =
        !isBefore2310(version) &&
        NEEDED_CALLS.every(([call, feature]) =>
          features.supports({ path: `/event_store.client.${call}` } as never, feature),
        );
      return { version, isSufficient };
    }

    end(): void {
      this.dispose().catch(() => undefined); // never resolves when a read was abandoned half-way
      this.#channel?.close();
    }
  }
  const channel = channelOptions(target, certificates);
  const user = target.credentials ?? undefined;
  const settings = clientSettings(target, ordinal);
  const [endpoint, ...more] = target.hosts;
  if (!endpoint) throw new PosthornError('PSH_KERNEL_INTERNAL');
  const client = target.isDiscovered
    ? new Guarded({ ...settings, endpoints: [endpoint, ...more] }, channel, user)
    : new Guarded({ ...settings, endpoint }, channel, user);
  return client.guarded();
}

const DEFAULT_KEEPALIVE_MS = 10_000;

function clientSettings(target: ConnectionTarget, ordinal: number) {
  const { defaultDeadline, discoveryInterval, gossipTimeout, maxDiscoverAttempts } = target;
  const { connectionName = `posthorn-${hostname()}`, keepAliveInterval } = target;
  return {
    connectionName: `${connectionName}-${ordinal}`,
    keepAliveTimeout: (target.keepAliveTimeout ?? DEFAULT_KEEPALIVE_MS) + ordinal,
    ...(keepAliveInterval !== undefined && { keepAliveInterval }),
    ...(defaultDeadline !== undefined && { defaultDeadline }),
    ...(discoveryInterval !== undefined && { discoveryInterval }),
    ...(gossipTimeout !== undefined && { gossipTimeout }),
    ...(maxDiscoverAttempts !== undefined && { maxDiscoverAttempts }),
  };
}

function channelOptions({ isTls }: ConnectionTarget, certificates: Certificates) {
  const { authority, certificate, key } = certificates;
  return {
    insecure: !isTls,
    ...(authority && { rootCertificate: authority }),
    ...(certificate && key && { userCertFile: certificate, userKeyFile: key }),
  };
}

/** Versions that are no numbers are those of builds that somebody made, and taken as they are. */
function isBefore2310(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) < 23 || (Number(major) === 23 && Number(minor) < 10);
}

/**
 * What is written is handed over at once: memory is bounded by how much is under way, and nothing waits for a socket that
 * may be gone. An answer to what was given up already is dropped.
 */
function harmless<Stream extends ProtocolStream>(stream: Stream): Stream {
  if (!('write' in stream)) return stream;
  const write = stream.write.bind(stream) as (message: unknown) => boolean;
  stream.write = (message: unknown): boolean => {
    write(message);
    return true;
  };
  for (const listener of stream.listeners('data')) {
    stream.on('data', (response: unknown) => {
      try {
        Reflect.apply(listener, stream, [response]);
      } catch {
        // it was rejected already, as of unknown outcome
      }
    });
    stream.off('data', listener as () => void);
  }
  return stream;
}
