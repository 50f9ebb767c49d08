import { type Server as GrpcServer, Server, ServerCredentials } from '@grpc/grpc-js';
import { type Clock, PosthornError } from '../../kernel/index.js';
import { CommitFeed } from '../embedded/commit-feed.js';
import type { EventLog } from '../embedded/event-log.js';
import type { PersistentSubscriptions } from '../persistent-subscriptions/persistent-subscriptions.js';
import { Callers, type Users } from './access/caller.js';
import { StreamAccess } from './access/stream-access.js';
import { eagerResponses } from './eager-responses.js';
import { gossipCall } from './gossip.rpc.js';
import { OpenCalls } from './open-calls.js';
import { GossipService, ServerFeaturesService } from './protocol.js';
import type { WireContext } from './rpc.js';
import { serverFeaturesCall } from './server-features.rpc.js';
import { HeldBytes } from './streams/held-bytes.js';
import { STREAMS_SERVICE, streamsCalls } from './streams/streams.service.js';
import {
  SUBSCRIPTIONS_SERVICE,
  subscriptionsCalls,
} from './subscriptions/subscriptions.service.js';

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
  /**
   * Those who are let in, and judged by the access control lists of streams; clients send names and passwords over TLS
   * alone. Default: everybody is let in and may do everything.
   */
  readonly users?: Users;
  /** Most bytes of event data that one append may carry; default 1 MiB, and never more than the log takes. */
  readonly maxAppendBytes?: number;
  /** Most bytes of appends that were begun and are not complete, of all clients together; default 256 MiB. */
  readonly maxHeldBytes?: number;
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
const DEFAULT_MAX_HELD_BYTES = 256 * 1024 * 1024;

/** Clients send chunks of 3 MiB and events of any size; EventStoreDB takes about as much. */
const MAX_REQUEST_BYTES = 17 * 1024 * 1024;

const KEEPALIVE_MS = 10_000;

/** Calls that one connection may have open at a time: ten times as many as EventStoreDB allows. */
const MAX_CALLS_PER_CONNECTION = 1_000;

/** How long the last responses may take to reach clients that do not read. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Serves a log over gRPC as an EventStoreDB node with the v1 protocol: the official clients work against it unchanged.
 * Streams, persistent subscriptions, server features and gossip are there; of other services (projections, users,
 * operations, monitoring) every call is answered with `UNIMPLEMENTED`.
 *
 * Memory is bounded: who reads slowly is sent nothing more, who writes faster than the disk is not read from, and what is
 * held of appends that are not complete has a limit.
 * @throws PosthornError `PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE` if it cannot listen there, or the certificate is not one
 */
export async function startWireServer(options: WireServerOptions): Promise<WireServer> {
  const { log, clock, persistentSubscriptions, host } = options;
  const access = new StreamAccess(log); // before the feed: it learns of changed lists first
  const feed = new CommitFeed(log);
  const openCalls = new OpenCalls();
  const context: WireContext = {
    log,
    feed,
    clock,
    persistentSubscriptions,
    openCalls,
    callers: new Callers(options.users),
    access,
    heldBytes: new HeldBytes(options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES),
    maxAppendBytes: options.maxAppendBytes ?? DEFAULT_MAX_APPEND_BYTES,
    room: options.room ?? (() => undefined),
  };
  const server = new Server({
    interceptors: [eagerResponses],
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
  });
  let port = options.port;
  server.addService(STREAMS_SERVICE, streamsCalls(context));
  server.addService(SUBSCRIPTIONS_SERVICE, subscriptionsCalls(context));
  server.addService(ServerFeaturesService, { getSupportedMethods: serverFeaturesCall() });
  server.addService(GossipService, { read: gossipCall(clock, () => ({ host, port })) });
  try {
    port = await listen(server, options);
  } catch (error) {
    feed.close();
    access.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await openCalls.close();
    await shutDown(server, clock);
    feed.close();
    access.close();
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
