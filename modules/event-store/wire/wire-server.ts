import { type Server as GrpcServer, Server, ServerCredentials } from '@grpc/grpc-js';
import { type Clock, PosthornError } from '../../kernel/index.js';
import { CommitFeed } from '../embedded/commit-feed.js';
import type { EventLog } from '../embedded/event-log.js';
import type { PersistentSubscriptions } from '../persistent-subscriptions/persistent-subscriptions.js';
import { Callers, type Users } from './caller.js';
import { gossipCall } from './gossip.rpc.js';
import { OpenCalls } from './open-calls.js';
import {
  GossipService,
  PersistentSubscriptionsService,
  ServerFeaturesService,
  StreamsService,
} from './protocol.js';
import type { WireContext } from './rpc.js';
import { serverFeaturesCall } from './server-features.rpc.js';
import { streamsCalls } from './streams/streams.service.js';
import { subscriptionsCalls } from './subscriptions/subscriptions.service.js';

export interface WireServerOptions {
  readonly log: EventLog;
  /** Started by the caller. */
  readonly persistentSubscriptions: PersistentSubscriptions;
  readonly clock: Clock;
  /** Address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Certificate chain and private key, both PEM. Without them the server speaks plain text (`tls=false`). */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer };
  /** Names and passwords of those who are let in; clients send them over TLS alone. Default: everybody is let in. */
  readonly users?: Users;
  /** Most bytes of event data that one append may carry; default 1 MiB, and never more than the log takes. */
  readonly maxAppendBytes?: number;
  /** Resolves when another append may be prepared, `undefined` if it may at once: keeps memory bounded under load. */
  readonly room?: () => Promise<void> | undefined;
}

/** A server that listens. */
export interface WireServer {
  readonly port: number;
  /**
   * Answers what was taken, ends every call and stops listening. Subscriptions and single appends end as unavailable, the
   * calls that carry batches as cancelled. The log and the persistent subscriptions stay open.
   */
  close(): Promise<void>;
}

const DEFAULT_MAX_APPEND_BYTES = 1_048_576;

/** Clients send chunks of 3 MiB and events of any size; EventStoreDB takes about as much. */
const MAX_REQUEST_BYTES = 17 * 1024 * 1024;

const KEEPALIVE_MS = 10_000;

/** How long the last responses may take to reach clients that do not read. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Serves a log over gRPC as an EventStoreDB node with the v1 protocol: the official clients work against it unchanged.
 * Streams, persistent subscriptions, server features and gossip are there; of other services (projections, users,
 * operations, monitoring) every call is answered with `UNIMPLEMENTED`.
 *
 * Memory is bounded: who reads slowly is sent nothing more, and who writes faster than the disk is not read from.
 * @throws PosthornError `PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE` if it cannot listen there, or the certificate is not one
 */
export async function startWireServer(options: WireServerOptions): Promise<WireServer> {
  const { log, clock, persistentSubscriptions, host } = options;
  const feed = new CommitFeed(log);
  const openCalls = new OpenCalls();
  const context: WireContext = {
    log,
    feed,
    clock,
    persistentSubscriptions,
    openCalls,
    callers: new Callers(options.users),
    maxAppendBytes: options.maxAppendBytes ?? DEFAULT_MAX_APPEND_BYTES,
    room: options.room ?? (() => undefined),
  };
  const server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
  });
  let port = options.port;
  server.addService(StreamsService, streamsCalls(context));
  server.addService(PersistentSubscriptionsService, subscriptionsCalls(context));
  server.addService(ServerFeaturesService, { getSupportedMethods: serverFeaturesCall() });
  server.addService(GossipService, { read: gossipCall(clock, () => ({ host, port })) });
  try {
    port = await listen(server, options);
  } catch (error) {
    feed.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await openCalls.close();
    await shutDown(server, clock);
    feed.close();
  };
  return { port, close: () => (closing ??= close()) };
}

async function listen(server: GrpcServer, options: WireServerOptions): Promise<number> {
  const { host, port } = options;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  try {
    const credentials = credentialsOf(options);
    return await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, credentials, (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
  } catch (cause) {
    server.forceShutdown();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PosthornError('PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE', `${address}: ${reason}`, {
      cause,
    });
  }
}

function credentialsOf({ tls }: WireServerOptions): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const { certificate, key } = tls;
  return ServerCredentials.createSsl(null, [{ cert_chain: certificate, private_key: key }]);
}

/** Resolves when nothing is open any more; cuts off after a while who does not take the end of a call. */
async function shutDown(server: GrpcServer, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancelTimer = clock.setTimer(() => {
      server.forceShutdown();
    }, CLOSE_TIMEOUT_MS);
    server.tryShutdown(() => {
      cancelTimer();
      resolve();
    });
  });
}
