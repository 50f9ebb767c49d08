import { ErrorType, UnavailableError } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { type CancelTimer, type Clock, isPosthornError } from '../../kernel/index.js';
import { clientErrorType } from '../client-error.js';
import type {
  EventStore,
  EventStoreCapabilities,
  EventStoreClient,
  EventStoreStatus,
} from '../event-store-client.js';
import { clientFace, type ConnectionRole } from './client-face.js';
import type { Connections, MakeConnections } from './connections.js';
import { makeFirstContact } from './first-contact.js';

export interface RemoteEventStoreOptions {
  readonly makeConnections: MakeConnections;
  readonly groupName: string;
  readonly clock: Clock;
  readonly defaultDeadlineMs: number;
  /** Where the server is, without credentials. */
  readonly shown: string;
  /** Whether a user is named to the server, as far as is known. */
  readonly hasUser: boolean;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** How long the end waits for appends under way. */
const SETTLE_MS = 5_000;

/** After these the connection may be gone. */
const LOST: ReadonlySet<ErrorType | undefined> = new Set([
  ErrorType.UNAVAILABLE,
  ErrorType.CANCELLED,
  ErrorType.NOT_LEADER,
]);

/** These tell that the store, or the way to it, did not do what it was asked for. */
const TROUBLES: ReadonlySet<ErrorType | undefined> = new Set([
  ...LOST,
  ErrorType.TIMEOUT,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.ACCESS_DENIED,
  ErrorType.UNKNOWN,
]);

/**
 * An event store on a server.
 *
 * States: connecting -> connected -> closed; connecting -> failed, when the server refuses for good. While it is connecting
 * every call fails as unavailable. Once connected it stays so: a connection that is lost is made again at the next call.
 */
export class RemoteEventStore implements EventStore {
  readonly capabilities: EventStoreCapabilities = {
    hasSafeServerSideFilter: false,
    isExclusive: false,
  };
  readonly client: EventStoreClient;
  readonly failed: Promise<Error>;
  readonly #options: RemoteEventStoreOptions;
  readonly #logger = new Logger('EventStore');
  readonly #appends = new Set<Promise<unknown>>();
  #fail!: (error: Error) => void;
  /** Those that first contact was made by. */
  #connections: Connections | undefined;
  #isReachable = false;
  #lastError: EventStoreStatus['lastError'] = null;
  #failures = 0;
  #cancelRetry: CancelTimer = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RemoteEventStoreOptions) {
    this.#options = options;
    this.failed = new Promise((resolve) => (this.#fail = resolve));
    this.client = clientFace({
      clock: options.clock,
      defaultDeadlineMs: options.defaultDeadlineMs,
      connection: (role) => this.#connection(role),
      appending: (append) => {
        this.#track(append);
      },
      succeeded: () => {
        this.#isReachable = true;
      },
      failed: (error) => {
        this.#note(error);
      },
    });
  }

  /**
   * Resolves after the first try; when the server cannot be reached, trying goes on.
   * @throws PosthornError what waiting would not mend; later it is told by `failed`
   */
  async connect(): Promise<void> {
    const connections = this.#options.makeConnections();
    const { appends, subscriptions, abilities } = connections;
    const { groupName, shown, hasUser } = this.#options;
    try {
      await makeFirstContact({
        appends,
        subscriptions,
        groupName,
        shown,
        hasUser,
        ...(abilities && { abilities }),
      });
    } catch (error) {
      connections.end();
      if (isPosthornError(error)) throw error;
      this.#retryLater(error);
      return;
    }
    if (this.#closing) {
      connections.end();
      return;
    }
    this.#connections = connections;
    this.#isReachable = true;
    this.#logger.log(`connected to the event store at ${shown}`);
  }

  status(): EventStoreStatus {
    return { kind: 'remote', isConnected: this.#isReachable, lastError: this.#lastError };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#cancelRetry();
    this.#isReachable = false;
    let cancelTimer: CancelTimer = () => undefined;
    const patience = new Promise<void>((resolve) => {
      cancelTimer = this.#options.clock.setTimer(resolve, SETTLE_MS);
    });
    await Promise.race([Promise.allSettled(this.#appends), patience]);
    cancelTimer();
    this.#connections?.end();
  }

  #retryLater(error: unknown): void {
    this.#note(error instanceof Error ? error : new Error(String(error)));
    if (this.#closing) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    const { shown, clock } = this.#options;
    this.#logger.warn(
      `the event store at ${shown} cannot be used yet, trying again in ${pauseMs} ms: ${this.#lastError?.message ?? ''}`,
    );
    this.#cancelRetry = clock.setTimer(() => {
      this.connect().catch((fatal: unknown) => {
        if (this.#closing) return;
        this.#fail(fatal instanceof Error ? fatal : new Error(String(fatal)));
      });
    }, pauseMs);
  }

  #connection(role: ConnectionRole): EventStoreClient {
    const { shown } = this.#options;
    if (this.#closing) {
      throw new UnavailableError(undefined, `the event store at ${shown} is closing`);
    }
    if (this.#connections) return this.#connections[role];
    throw new UnavailableError(undefined, `the event store at ${shown} was not reached yet`);
  }

  #track(append: Promise<unknown>): void {
    const tracked = append
      .catch(() => undefined)
      .finally(() => {
        this.#appends.delete(tracked);
      });
    this.#appends.add(tracked);
  }

  #note(error: Error): void {
    const type = clientErrorType(error);
    if (LOST.has(type)) this.#isReachable = false;
    else if (type !== undefined) this.#isReachable = this.#connections !== undefined;
    if (type !== undefined && !TROUBLES.has(type)) return;
    const { message } = error;
    this.#lastError = { kind: type ?? error.name, message, at: this.#options.clock.now() };
  }
}
