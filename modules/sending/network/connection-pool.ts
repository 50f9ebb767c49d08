import type { Clock } from '../../kernel/index.js';
import { SendFailure } from '../send-failure.js';
import { Connection, type ConnectionOptions } from './connection.js';
import type { Dialer, Route } from './dialer.js';

/** A request that needs a connection. */
export interface ConnectionWaiter {
  readonly route: Route;
  /** Called once, at once or later, unless `cancel` came first. */
  onConnection(connection: Connection): void;
  /** Called instead when the pool closes. */
  onPoolClosed(reason: SendFailure): void;
}

export interface ConnectionPoolOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly maxConnections: number;
  readonly maxConnectionsPerOrigin: number;
  readonly idleTimeoutMs: number;
}

interface Origin {
  readonly key: string;
  /** Used last at the end: the surplus at the beginning grows idle and is closed. */
  readonly idle: Connection[];
  readonly waiting: Set<ConnectionWaiter>;
  open: number;
}

/** A connection is not reused after this, so that endpoints which move to another address are followed. */
const LONGEST_LIFE_MS = 300_000;

/**
 * Keep-alive connections by origin, bounded per origin and in total.
 *
 * At the total bound the connection that has been idle longest makes room. When none is idle, requests wait: in order
 * within an origin, and the origins take turns, so a busy origin does not keep the others out. An origin without
 * connections and requests leaves no trace.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #connectionOptions: ConnectionOptions;
  readonly #origins = new Map<string, Origin>();
  readonly #connections = new Set<Connection>();
  /** Idle connections, the one that has been idle longest first. */
  readonly #idle = new Set<Connection>();
  /** Origins with requests that wait, the one whose turn it is first. */
  readonly #waiting = new Set<Origin>();
  #closed: Promise<void> | undefined;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
    this.#connectionOptions = {
      dialer: options.dialer,
      idleTimeoutMs: options.idleTimeoutMs,
      onDisconnect: (connection) => {
        if (this.#idle.has(connection)) this.#remove(connection);
      },
    };
  }

  /** How many connections are open, being opened included. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** How many origins the pool knows of. */
  get originCount(): number {
    return this.#origins.size;
  }

  acquire(waiter: ConnectionWaiter): void {
    if (this.#closed) {
      waiter.onPoolClosed(closedFailure());
      return;
    }
    const origin = this.#originOf(waiter.route);
    const connection = this.#take(origin, waiter.route);
    if (connection) {
      waiter.onConnection(connection);
      return;
    }
    origin.waiting.add(waiter);
    this.#waiting.add(origin);
  }

  /** Forgets a waiter that has no connection yet. */
  cancel(waiter: ConnectionWaiter): void {
    const origin = this.#origins.get(waiter.route.key);
    if (!origin?.waiting.delete(waiter)) return;
    if (origin.waiting.size === 0) this.#waiting.delete(origin);
    this.#forgetIfUnused(origin);
  }

  /** Gives back a connection whose request ended with a complete response. */
  release(connection: Connection): void {
    if (!this.#connections.has(connection)) return;
    if (!connection.rest()) {
      this.discard(connection, new SendFailure('aborted', 'the request was not read to its end'));
      return;
    }
    this.#originOf(connection.route).idle.push(connection);
    this.#idle.add(connection);
    this.#serveWaiting();
  }

  /** Closes a connection whose request did not end with a complete response. */
  discard(connection: Connection, reason: SendFailure): void {
    this.#remove(connection, reason);
  }

  /** Closes every connection; what waits or is under way fails with `aborted`. Calling it again waits for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const reason = closedFailure();
    const waiting = [...this.#waiting].flatMap((origin) => [...origin.waiting]);
    const connections = [...this.#connections];
    for (const waiter of waiting) this.cancel(waiter);
    for (const waiter of waiting) waiter.onPoolClosed(reason);
    await Promise.all(connections.map((connection) => connection.destroy(reason)));
    for (const connection of connections) this.#remove(connection, reason);
  }

  #originOf({ key }: Route): Origin {
    let origin = this.#origins.get(key);
    if (!origin) {
      origin = { key, idle: [], waiting: new Set(), open: 0 };
      this.#origins.set(origin.key, origin);
    }
    return origin;
  }

  /** An idle connection, or a new one within the bounds; `undefined` when the request has to wait. */
  #take(origin: Origin, route: Route): Connection | undefined {
    const idle = this.#takeIdle(origin);
    if (idle) return idle;
    if (origin.open >= this.#options.maxConnectionsPerOrigin) return undefined;
    if (this.#connections.size >= this.#options.maxConnections && !this.#evictIdle()) {
      return undefined;
    }
    const connection = new Connection(
      route,
      this.#options.clock.monotonic(),
      this.#connectionOptions,
    );
    this.#connections.add(connection);
    origin.open += 1;
    // It is forgotten with the last of its connections, which may just have been closed for its age.
    this.#origins.set(origin.key, origin);
    return connection;
  }

  /** The idle connection used last. What is too old is closed on the way. */
  #takeIdle(origin: Origin): Connection | undefined {
    const openedAfter = this.#options.clock.monotonic() - LONGEST_LIFE_MS;
    for (let idle = origin.idle.at(-1); idle; idle = origin.idle.at(-1)) {
      if (idle.openedAt >= openedAfter) {
        origin.idle.pop();
        this.#idle.delete(idle);
        return idle;
      }
      this.#forget(idle, new SendFailure('aborted', 'the connection has reached its age'));
    }
    return undefined;
  }

  #evictIdle(): boolean {
    for (const oldest of this.#idle) {
      this.#forget(oldest, new SendFailure('aborted', 'another origin needed the connection'));
      return true;
    }
    return false;
  }

  #remove(connection: Connection, reason = new SendFailure('aborted', 'the connection is closed')) {
    this.#forget(connection, reason);
    this.#serveWaiting();
  }

  #forget(connection: Connection, reason: SendFailure): void {
    if (!this.#connections.delete(connection)) return;
    const origin = this.#originOf(connection.route);
    origin.open -= 1;
    if (this.#idle.delete(connection)) origin.idle.splice(origin.idle.indexOf(connection), 1);
    this.#forgetIfUnused(origin);
    void connection.destroy(reason);
  }

  #forgetIfUnused(origin: Origin): void {
    if (origin.open === 0 && origin.waiting.size === 0) this.#origins.delete(origin.key);
  }

  /** Serves those that wait, one of each origin in turn, until nobody can be served. */
  #serveWaiting(): void {
    for (const origin of this.#waiting) {
      for (const waiter of origin.waiting) {
        const connection = this.#take(origin, waiter.route);
        if (!connection) break;
        origin.waiting.delete(waiter);
        this.#waiting.delete(origin);
        if (origin.waiting.size > 0) this.#waiting.add(origin);
        waiter.onConnection(connection);
        break;
      }
    }
  }
}

function closedFailure(): SendFailure {
  return new SendFailure('aborted', 'the sender is closed');
}
