import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Compilable } from 'kysely';
import { map, type Observable, Subject } from 'rxjs';
import {
  EVENT_STORE,
  type EventStore,
  parsePosition,
  STREAM_NAMES,
  type StreamNames,
} from '../../modules/event-store/index.js';
import { CLOCK, type Clock, isPosthornError, PosthornError } from '../../modules/kernel/index.js';
import { PositionWaiters } from './position-waiters.js';
import {
  type Commit,
  type ProjectionLag,
  ProjectionRunner,
  type ReadModelState,
} from './projection-runner.js';
import { ReadModelThreads } from './read-model-threads.js';
import {
  DEFAULT_WAIT_TIMEOUT_MS,
  READ_MODEL_OPTIONS,
  type ReadModelOptions,
} from './read-model.options.js';

/** How long a wait lasts before it looks past records that are not ours, and again after each look. */
const LOOK_AHEAD_MS = 25;

export interface ReadModelHealth extends ProjectionLag {
  readonly state: ReadModelState;
  /** Commit position up to which the tables follow the log; -1 when they are empty. */
  readonly position: bigint;
  /** Why the tables stand still; `null` when they do not. */
  readonly error: Error | null;
}

/** A committed batch, as those learn of it who follow one projection. */
export interface ProjectionChange {
  /** Commit position up to which the tables now follow the log. */
  readonly position: bigint;
  /** What the projection's `flush` returned; `undefined` when it took no part in the batch. */
  readonly output: unknown;
}

/** How fresh an answer must be. */
export interface Freshness {
  /**
   * Position that a command answered with: the answer then holds what the command did.
   *
   * @default the tables as they are
   */
  readonly minPosition?: string | bigint | undefined;
}

type RowsOf<Rows extends readonly unknown[]> = {
  readonly [Index in keyof Rows]: readonly Rows[Index][];
};

type QueriesFor<Rows extends readonly unknown[]> = {
  readonly [Index in keyof Rows]: Compilable<Rows[Index]>;
};

/** The tables of all projections: kept at the end of the log, and open to queries. */
@Injectable()
export class ReadModels implements OnModuleInit, BeforeApplicationShutdown {
  readonly #store: EventStore;
  readonly #names: StreamNames;
  readonly #clock: Clock;
  readonly #options: ReadModelOptions;
  readonly #waiters: PositionWaiters;
  readonly #commits = new Subject<Commit>();
  #threads: ReadModelThreads | undefined;
  #runner: ProjectionRunner | undefined;
  #isClosed = false;
  #isLookingAhead = false;

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(STREAM_NAMES) names: StreamNames,
    @Inject(CLOCK) clock: Clock,
    @Inject(READ_MODEL_OPTIONS) options: ReadModelOptions,
  ) {
    this.#store = store;
    this.#names = names;
    this.#clock = clock;
    this.#options = options;
    this.#waiters = new PositionWaiters(clock);
  }

  onModuleInit(): Promise<void> {
    return this.open();
  }

  /** The event store is closed in a later hook. */
  beforeApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /**
   * Opens the tables, creating or rebuilding what this release needs, and begins to follow the log. Does not wait for the
   * end of the log.
   *
   * @throws PosthornError `PSH_PROJECTION_UNAVAILABLE` when the file cannot be opened
   */
  async open(): Promise<void> {
    if (this.#threads) return;
    const threads = new ReadModelThreads(this.#options.dataDir);
    await threads.opened();
    this.#threads = threads;
    this.#runner = new ProjectionRunner({
      client: this.#store.client,
      names: this.#names,
      clock: this.#clock,
      threads,
      onCommit: (commit) => {
        this.#commits.next(commit);
        this.#waiters.reached(BigInt(commit.position));
      },
    });
    this.#runner.start();
  }

  /** Stops to follow the log once the batch under way is done, and closes the tables. Whoever waits is refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#runner?.stop();
    this.#waiters.rejectAll(unavailable());
    this.#commits.complete();
    await this.#threads?.close();
  }

  /** Commit position up to which the tables follow the log; -1 when they are empty. */
  get position(): bigint {
    return BigInt(this.#runner?.position ?? -1);
  }

  /** Whether the end of the log was reached, and the tables are at most a few seconds behind it. */
  get isCaughtUp(): boolean {
    return this.#runner?.isCaughtUp ?? false;
  }

  /** How far the tables are behind the log. */
  lag(): ProjectionLag {
    return this.#runner?.lag() ?? { waitingEvents: 0, behindMs: 0 };
  }

  health(): ReadModelHealth {
    const state = this.#runner?.state ?? 'starting';
    return { ...this.lag(), state, position: this.position, error: this.#runner?.error ?? null };
  }

  /**
   * Resolves when the end of the log is reached next, at once if it is now.
   *
   * @throws PosthornError `PSH_PROJECTION_UNAVAILABLE` when they are closed before
   */
  async whenCaughtUp(): Promise<void> {
    await this.#opened().runner.whenLive();
    this.#opened();
  }

  /**
   * Drops all tables and builds them again from the beginning of the log. Resolves when they are at its end; meanwhile
   * queries answer from what is there.
   *
   * @throws PosthornError `PSH_PROJECTION_UNAVAILABLE` when they are closed before
   */
  async rebuild(): Promise<void> {
    await this.#opened().runner.startAfresh('it was asked for');
    await this.whenCaughtUp();
  }

  /** Each committed batch, as it concerns one projection. Completes at the end. */
  changesOf(projection: string): Observable<ProjectionChange> {
    return this.#commits.pipe(
      map(({ position, outputs }) => ({
        position: BigInt(position),
        output: outputs[projection],
      })),
    );
  }

  /**
   * Waits until the tables hold everything of ours up to `position`.
   *
   * @param position commit position, as `bigint` or as the text a command answered with
   * @param timeoutMs default: the configured one, 5000
   * @throws PosthornError `PSH_PROJECTION_LAGGING` after `timeoutMs`, `PSH_PROJECTION_POSITION_INVALID`,
   *   `PSH_PROJECTION_UNAVAILABLE` when they are closed
   */
  async waitFor(position: bigint | string, timeoutMs?: number): Promise<void> {
    const asked = typeof position === 'bigint' ? position : parsePosition(position)?.commit;
    if (asked === undefined) throw new PosthornError('PSH_PROJECTION_POSITION_INVALID');
    this.#opened();
    if (asked <= this.position) return;
    this.#lookAhead();
    await this.#waiters.wait(
      asked,
      timeoutMs ?? this.#options.waitTimeoutMs ?? DEFAULT_WAIT_TIMEOUT_MS,
    );
  }

  /** Waits until an answer is as fresh as asked. @throws PosthornError as `waitFor` */
  async fresh({ minPosition }: Freshness): Promise<void> {
    if (minPosition !== undefined) await this.waitFor(minPosition);
  }

  /**
   * Runs one query on the tables as they are.
   *
   * @throws PosthornError `PSH_PROJECTION_UNAVAILABLE`, `PSH_PROJECTION_FILE_DAMAGED`
   */
  async query<Row>(query: Compilable<Row>): Promise<readonly Row[]> {
    const [rows] = await this.queryTogether<[Row]>([query]);
    return rows;
  }

  /** Runs several queries on one state of the tables. @throws PosthornError as `query` */
  async queryTogether<Rows extends readonly unknown[]>(
    queries: QueriesFor<Rows>,
  ): Promise<RowsOf<Rows>> {
    const { threads, runner } = this.#opened();
    const compiled = queries.map((query) => {
      const { sql, parameters } = query.compile();
      return { sql, parameters };
    });
    try {
      return (await threads.read(compiled)) as unknown as RowsOf<Rows>;
    } catch (error) {
      if (isPosthornError(error, 'PSH_PROJECTION_FILE_DAMAGED')) {
        void runner.startAfresh('its file is damaged');
      }
      throw error;
    }
  }

  #opened(): { threads: ReadModelThreads; runner: ProjectionRunner } {
    if (!this.#threads || !this.#runner || this.#isClosed) throw unavailable();
    return { threads: this.#threads, runner: this.#runner };
  }

  #lookAhead(): void {
    if (this.#isLookingAhead) return;
    this.#isLookingAhead = true;
    this.#clock.setTimer(() => {
      void this.#lookOnce();
    }, LOOK_AHEAD_MS);
  }

  async #lookOnce(): Promise<void> {
    try {
      if (!this.#isClosed && this.#waiters.size > 0) await this.#runner?.lookAhead();
    } catch {
      // The subscription meets the same trouble, and reports it.
    }
    this.#isLookingAhead = false;
    if (!this.#isClosed && this.#waiters.size > 0) this.#lookAhead();
  }
}

function unavailable(): PosthornError {
  return new PosthornError('PSH_PROJECTION_UNAVAILABLE', 'the read model is not open');
}
