import { Readable } from 'node:stream';
import {
  type AppendToStreamOptions,
  DeadlineExceededError,
  type EventData,
  InvalidArgumentError,
  UnavailableError,
} from '@eventstore/db-client';
import type { Clock } from '../../kernel/index.js';
import type { EventStoreClient } from '../event-store-client.js';
import { adoptError } from './adopt-error.js';

/**
 * The connection that a call goes by. Appends and reads have one; subscriptions have their own, because acknowledgements
 * would queue behind appends, and the events of a subscription that catches up before the answers to them.
 */
export type ConnectionRole = 'appends' | 'subscriptions';

interface CallRoute {
  readonly role: ConnectionRole;
  readonly gives: 'append' | 'answer' | 'stream';
}

const APPEND: CallRoute = { role: 'appends', gives: 'append' };
const ANSWER: CallRoute = { role: 'appends', gives: 'answer' };
const READ: CallRoute = { role: 'appends', gives: 'stream' };
const GROUP: CallRoute = { role: 'subscriptions', gives: 'answer' };
const SUBSCRIPTION: CallRoute = { role: 'subscriptions', gives: 'stream' };

const ROUTES: Readonly<Record<keyof EventStoreClient, CallRoute>> = {
  appendToStream: APPEND,
  readStream: READ,
  readAll: READ,
  deleteStream: ANSWER,
  tombstoneStream: ANSWER,
  setStreamMetadata: ANSWER,
  getStreamMetadata: ANSWER,
  subscribeToStream: SUBSCRIPTION,
  subscribeToAll: SUBSCRIPTION,
  createPersistentSubscriptionToStream: GROUP,
  createPersistentSubscriptionToAll: GROUP,
  updatePersistentSubscriptionToStream: GROUP,
  updatePersistentSubscriptionToAll: GROUP,
  deletePersistentSubscriptionToStream: GROUP,
  deletePersistentSubscriptionToAll: GROUP,
  getPersistentSubscriptionToStreamInfo: GROUP,
  getPersistentSubscriptionToAllInfo: GROUP,
  listAllPersistentSubscriptions: GROUP,
  listPersistentSubscriptionsToStream: GROUP,
  listPersistentSubscriptionsToAll: GROUP,
  replayParkedMessagesToStream: GROUP,
  replayParkedMessagesToAll: GROUP,
  restartPersistentSubscriptionSubsystem: GROUP,
  subscribeToPersistentSubscriptionToStream: SUBSCRIPTION,
  subscribeToPersistentSubscriptionToAll: SUBSCRIPTION,
};

/** What the calls are made with, and told to. */
export interface CallHost {
  readonly clock: Clock;
  /** Time that an append is given which names none, in milliseconds. */
  readonly defaultDeadlineMs: number;
  /** @throws UnavailableError while there is no connection */
  connection(role: ConnectionRole): EventStoreClient;
  /** Told of every append that is under way. */
  appending(append: Promise<unknown>): void;
  /** Told of every answer. */
  succeeded(): void;
  /** Told of every error, as it is thrown. */
  failed(error: Error): void;
}

type Call = (...args: unknown[]) => unknown;

/**
 * The client of an application on the connections of `host`. Its calls are those of the official client, with less to know:
 * errors are always of the classes of the application's own package; an append always ends; and a read or subscription that
 * is destroyed, as by `break` out of its loop, ends at the server too.
 */
export function clientFace(host: CallHost): EventStoreClient {
  const calls = Object.entries(ROUTES).map(([name, route]) => [
    name,
    callOf(host, name as keyof EventStoreClient, route),
  ]);
  return Object.fromEntries(calls) as EventStoreClient;
}

function callOf(host: CallHost, name: keyof EventStoreClient, { role, gives }: CallRoute): Call {
  const call: Call = (...args) => {
    const client = host.connection(role);
    return (client[name] as Call).apply(client, args);
  };
  if (gives === 'stream') return (...args) => streamed(host, call, args);
  if (gives === 'answer') return (...args) => answered(host, () => Promise.resolve(call(...args)));
  return (...args) => answered(host, () => append(host, call, args));
}

async function answered(host: CallHost, call: () => Promise<unknown>): Promise<unknown> {
  try {
    const answer = await call();
    host.succeeded();
    return answer;
  } catch (cause) {
    const error = adoptError(cause);
    host.failed(error);
    throw error;
  }
}

/** What a server adds to the deadline of an append before it answers that it passed. */
const ANSWER_GRACE_MS = 2_000;

/**
 * An append that ends at its deadline whatever becomes of the connection: one that is begun in the moment in which the
 * connection fails is in nobody's table. What cannot be written as JSON is refused here: the official client would reject
 * in a promise that nobody holds, which ends the process.
 */
async function append(host: CallHost, call: Call, args: readonly unknown[]): Promise<unknown> {
  const [, events, options] = args as [string, EventData | EventData[], AppendToStreamOptions?];
  for (const event of [events].flat()) checkJson(event);
  const answer = call(...args); // first: where there is no connection it throws, and no timer may be left behind
  const deadlineMs = options?.deadline ?? host.defaultDeadlineMs;
  let cancelTimer = (): void => undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    cancelTimer = host.clock.setTimer(() => {
      reject(new DeadlineExceededError(undefined, `no answer within ${deadlineMs} ms`));
    }, deadlineMs + ANSWER_GRACE_MS);
  });
  const appending = Promise.race([answer, passed]);
  host.appending(appending);
  try {
    return await appending;
  } finally {
    cancelTimer();
  }
}

function checkJson({ contentType, data, metadata }: EventData): void {
  if (contentType === 'application/json') writeJson('data', data);
  if (metadata && !(metadata instanceof Uint8Array)) writeJson('metadata', metadata);
}

function writeJson(name: string, value: unknown): void {
  let reason = '';
  try {
    if ((JSON.stringify(value) as string | undefined) !== undefined) return;
  } catch (error) {
    reason = `: ${error instanceof Error ? error.message : String(error)}`;
  }
  throw new InvalidArgumentError(`The ${name} of an event cannot be written as JSON${reason}.`);
}

interface ServerStream extends Readable {
  cancel?(): Promise<void>;
  unsubscribe?(): Promise<void>;
}

function streamed(host: CallHost, call: Call, args: readonly unknown[]): Readable {
  let stream: ServerStream;
  try {
    stream = call(...args) as ServerStream;
  } catch (cause) {
    const error = adoptError(cause);
    if (error instanceof UnavailableError) return endedStream(error);
    throw error;
  }
  const emit = stream.emit.bind(stream) as (name: string | symbol, ...told: unknown[]) => boolean;
  stream.emit = (name: string | symbol, ...told: unknown[]): boolean => {
    if (name !== 'error') return emit(name, ...told);
    const error = adoptError(told[0]);
    // who leaves a read before its end destroys it, which is no trouble of the server
    if (error.name !== 'AbortError') host.failed(error);
    return emit(name, error);
  };
  stream.once('confirmation', () => {
    host.succeeded();
  });
  stream.once('end', () => {
    host.succeeded();
  });
  endWithReader(stream);
  return stream;
}

/**
 * Ends the call at the server when its stream is left before the end, and reads what came of it by then. Otherwise the call
 * stays unread for ever where its end had come already: the official client remembers it, and an application that disposes
 * of its client waits for it.
 */
function endWithReader(stream: ServerStream): void {
  let source: Readable | undefined;
  stream.once('pipe', (piped: Readable) => {
    source = piped;
    if (stream.destroyed) drain();
  });
  stream.once('close', () => {
    if (stream.readableEnded) return;
    (stream.cancel ?? stream.unsubscribe)?.call(stream).catch(() => undefined);
    drain();
  });

  function drain(): void {
    source?.unpipe();
    source?.resume();
  }
}

/** A stream of a connection that there is not: it fails in the next turn, as it would on the way. */
function endedStream(error: UnavailableError): Readable {
  const stream = new Readable({ objectMode: true, read: () => undefined });
  stream.destroy(error);
  const answers = {
    ack: () => Promise.reject(error),
    nack: () => Promise.reject(error),
    unsubscribe: () => Promise.resolve(),
    cancel: () => Promise.resolve(),
  };
  return Object.assign(stream, answers);
}
